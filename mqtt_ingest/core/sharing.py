"""Whether slots share the load by `$share`, and who subscribes what.

A shared subscription is worth what the broker makes of it:

- Mosquitto forgets it when it restarts, in every version whose persistence is its own
  file (measured: 2.0.11, 2.0.22 and 2.1.2; its ChangeLog says nothing of it). Until
  workers have subscribed again publishers get their PUBACK, and nobody is queued for.
- RabbitMQ takes `$share/…` for a topic of that name: nothing is ever delivered.

So slot 0 begins with plain filters, and sessions prove what the broker does. Verdicts:

    ""         not tried yet: whatever is subscribed stays
    proven     a canary came back through a shared subscription
    refused    it did not, while one through a plain filter did
    forgets    the broker forgets shared subscriptions when it restarts

Where slots do not share, slot 0 receives everything, and the others stand by.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Evidence = Literal["", "proven", "refused"]
Verdict = Literal["", "proven", "refused", "forgets"]
Policy = Literal["auto", "always", "never"]
PREFIX = "$share/"
WORDS: dict[Verdict, str] = {
    "": "whether the broker shares subscriptions is not known yet",
    "proven": "the broker shares subscriptions",
    "refused": "the broker does not share subscriptions",
    "forgets": "the broker forgets shared subscriptions when it restarts",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What all enabled Sources want: what any slot may take, and what one slot takes."""

    spread: Sequence[str]
    ordered: Sequence[str]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a slot found of its broker's shared subscriptions, as its row keeps it.

    Args:
        evidence: `proven` or `refused` by its canaries; "" before.
        software: what the broker calls itself on `$SYS/broker/version`; "" if it does not.
        forgets: it was seen to forget them at a restart.
    """

    evidence: Evidence = ""
    software: str = ""
    forgets: bool = False

    @property
    def verdict(self) -> Verdict:
        """Return the verdict; a broker that cannot share at all need not forget."""
        if self.evidence == "proven" and (self.forgets or self.software.startswith("mosquitto")):
            return "forgets"
        return self.evidence

    def after(self, evidence: Evidence, software: str) -> "Findings":
        """Return what is known after this; nothing new is no news, another broker begins anew."""
        if not evidence:
            return self
        return Findings(evidence, software, self.forgets and software == self.software)


def shares(policy: Policy, verdict: Verdict, slots: int, *, can_prove: bool) -> bool | None:
    """Return whether slots share; None: as they do now.

    Args:
        policy: MQTT_SHARING.
        verdict: on the broker.
        slots: MQTT_SLOTS.
        can_prove: whether there are canaries.
    """
    if slots == 1 or policy == "never":
        return False
    if policy == "always" and (verdict in {"proven", "forgets"} or not can_prove):
        return True
    if not verdict and can_prove:
        return None
    return verdict == "proven"


def wanted(
    number: int,
    *,
    share: bool | None,
    filters: Filters,
    group: str,
    slots: int,
    known: Mapping[int, Sequence[str]],
) -> list[str]:
    """Return the filters that slot `number` is to have now.

    In a change nothing falls between: the others leave the group when slot 0 receives, slot 0
    when they have left it; and they join when it has given its plain filters up.

    Args:
        number: of the slot.
        share: whether slots share; None: as they do now.
        filters: of all Sources.
        group: of `$share/<group>/…`.
        slots: MQTT_SLOTS; slots beyond it are read out.
        known: what each slot has at the broker, as far as it is remembered.
    """
    shared = [in_group(group, name) for name in filters.spread]
    mine, zero = known.get(number, ()), known.get(0, ())
    if number:
        kept = [name for name in shared if name in mine]
        zero_has_plain = any(name in zero for name in filters.spread)
        leaves = number >= slots or share is False
        if zero_has_plain or (leaves and is_in_group(zero)):
            return []
        joins = not leaves and (share or is_in_group(zero))
        return shared if joins else kept
    others_in_group = any(is_in_group(names) for slot, names in known.items() if slot)
    has_plain = any(name in mine for name in filters.spread)
    if share is None:
        stays = is_in_group(mine) or (others_in_group and not has_plain)
    else:
        stays = share or (is_in_group(mine) and others_in_group)
    return [*(shared if stays else filters.spread), *filters.ordered]


def in_group(group: str, topic_filter: str) -> str:
    """Return a filter as those of `group` subscribe it."""
    return f"{PREFIX}{group}/{topic_filter}"


def bare(topic_filter: str) -> str:
    """Return a filter without its `$share/<group>/`."""
    return topic_filter.split("/", 2)[2] if topic_filter.startswith(PREFIX) else topic_filter


def is_in_group(filters: Iterable[str]) -> bool:
    """Return whether one of `filters` is shared."""
    return any(name.startswith(PREFIX) for name in filters)
