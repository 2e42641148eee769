"""Named losses: what was lost, where, when, and how much, as far as it is known.

Whatever refuses or drops packets by design (a rate limit, the broker's queue limits,
a session the broker forgot) is recorded here, so that pages can show it as a gap.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from django.conf import settings
from django.db.models import F, Q, Sum
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_noop as _

from devices.models import Device, DeviceCounts, Loss

Reason = Literal[
    "throttled",
    "session_lost",
    "share_forgotten",
    "broker_dropped",
    "database_back",
    "dead_letters_evicted",
    "dead_letters_discarded",
]
# reason -> where it was lost, for people
WORDS: dict[str, str] = {
    "throttled": _("refused by the rate limit DEVICE_RATE_LIMIT"),
    "session_lost": _("queued at the broker when it forgot our session"),
    "share_forgotten": _("not queued: the broker forgot shared subscriptions when it restarted"),
    "broker_dropped": _("dropped by the broker: a queue was full (of any of its clients)"),
    "database_back": _("stored, and lost with the database, which went back to an older state"),
    "dead_letters_evicted": _("dead letters evicted: DEAD_LETTER_MB was full"),
    "dead_letters_discarded": _("dead letters discarded by a person"),
}


class Count(NamedTuple):
    """One line of what this installation did not store, or cannot be sure of."""

    what: str
    number: int | None
    note: str = ""


# Those that leave a gap in the readings of a device, or of all.
_GAPS = ("throttled", "session_lost", "share_forgotten", "database_back")
# So many of the newest are shown.
MAX_GAPS = 100


class Gap(NamedTuple):
    """A span in which readings were lost; `device` is None where it concerns all."""

    device: int | None
    since: int
    until: int
    why: str


# Other apps add what only they can count; each is called when the page is shown.
counters: list[Callable[[], Iterable[Count]]] = []

# µs. Losses of one kind that are closer together than this are one.
JOIN = 60 * 1_000_000


def record(
    reason: Reason,
    since: int,
    until: int,
    number: int | None,
    *,
    device_id: int | None = None,
    detail: str = "",
) -> None:
    """Record a loss, or prolong the last one of its kind.

    Args:
        reason: the limit or fault that it comes from.
        since: µs since 1970 UTC, when it began.
        until: µs, when it ended.
        number: of packets; None where nobody can know.
        device_id: the device; None where it concerns the whole installation.
        detail: for people.
    """
    device = Q(device__isnull=True) if device_id is None else Q(device_id=device_id)
    last = Loss.objects.filter(
        device, reason=reason, until__gte=since - JOIN, since__lte=until + JOIN
    ).order_by("-until")[:1]
    if number is not None:
        changed = Loss.objects.filter(pk__in=list(last.values_list("pk", flat=True))).update(
            since=Least(F("since"), since),
            until=Greatest(F("until"), until),
            packets=F("packets") + number,
        )
        if changed:
            return
    Loss.objects.create(
        reason=reason,
        device_id=device_id,
        since=since,
        until=until,
        packets=number,
        detail=detail,
    )


def counted() -> list[Count]:
    """Return what can still be lost in this installation, and how much was."""
    recorded = dict(
        Loss.objects.values_list("reason").annotate(n=Sum("packets")).values_list("reason", "n")
    )
    sums = DeviceCounts.objects.aggregate(
        **{
            name: Sum(name)
            for name in ("qos0", "expired", "refused", "series_refused", "bad_samples")
        }
    )
    limit = settings.DEVICE_RATE_LIMIT
    lines = [
        Count(_("packets at QoS 0, which nobody repeats when a connection breaks"), sums["qos0"],
              f"{DeviceCounts.objects.filter(qos0__gt=0).count()} devices have published so"),
        Count(_("packets the broker dropped because a queue was full"),
              recorded.get("broker_dropped")),
        Count(_("times the broker forgot our session with what it had queued"),
              Loss.objects.filter(reason="session_lost").count()),
        Count(_("times the broker forgot shared subscriptions when it restarted"),
              Loss.objects.filter(reason="share_forgotten").count()),
        Count(_("times the database went back to an older state"),
              Loss.objects.filter(reason="database_back").count()),
        Count(_("packets refused by the rate limit"), recorded.get("throttled"),
              f"DEVICE_RATE_LIMIT is {limit} a second" if limit else "DEVICE_RATE_LIMIT is off"),
        Count(_("values of further metrics than a device may have"), sums["series_refused"],
              f"MAX_SERIES_PER_DEVICE is {settings.MAX_SERIES_PER_DEVICE}"),
        Count(_("packets of devices that somebody rejected or disabled"), sums["refused"],
              f"{Device.objects.filter(enabled=False).count()} devices"),
        Count(_("devices that wait to be accepted"), Device.objects.filter(pending=True).count(),
              f"further than {settings.MAX_PENDING_DEVICES} are refused"),
        Count(_("values older than the retention limit"), sums["expired"],
              f"RETENTION_DAYS is {settings.RETENTION_DAYS or 'off'}"),
        Count(_("values in good packets that cannot be stored (NaN, too long)"),
              sums["bad_samples"]),
        *(line for counter in counters for line in counter()),
    ]  # fmt: skip
    return [Count(line.what, line.number or 0, line.note) for line in lines]


def gaps(devices: Iterable[int], since: int) -> list[Gap]:
    """Return where readings of `devices` (pks) were lost after `since` (µs), the newest first."""
    concerned = Q(device__in=list(devices)) | Q(device__isnull=True)
    found = Loss.objects.filter(concerned, reason__in=_GAPS, until__gte=since).order_by("-until")
    rows = found.values_list("device_id", "since", "until", "reason")[:MAX_GAPS]
    return [Gap(device, begin, end, WORDS[reason]) for device, begin, end, reason in rows]
