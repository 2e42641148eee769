"""What is remembered of each slot: its filters at the broker, and what it found there.

Kept in the slot's row of `devices_writer`, whose lease is in `devices.storage.leases`.
"""

import time
from typing import Any, NamedTuple, cast

from django.conf import settings

from devices.models import Change, Writer
from devices.models.slot_names import SlotName, prefix_of
from mqtt_ingest import brokers
from mqtt_ingest.brokers import Broker
from mqtt_ingest.core.sharing import Findings, bare
from mqtt_ingest.core.topics import filter_problem


class SlotRow(NamedTuple):
    """What a slot has at the broker, as far as is remembered, and what it found there."""

    filters: list[str]
    found: Findings


def slots(broker: str = "") -> dict[int, SlotRow]:
    """Return every slot of `broker` by its number."""
    rows = Writer.objects.filter(name__startswith=prefix_of(broker))
    columns = rows.values_list("name", "filters", "sharing", "software", "forgets")
    return {
        slot.number: SlotRow(_sendable(filters), Findings(cast("Any", sharing), software, forgets))
        for name, filters, sharing, software, forgets in columns
        if (slot := SlotName.read(name)) is not None and slot.broker == broker
    }


def _sendable(filters: list[str]) -> list[str]:
    """Return filters without those that MQTT forbids: no broker has ever granted one."""
    return [name for name in filters if not filter_problem(bare(name))]


class Wanted(NamedTuple):
    """A slot that is to be held.

    Args:
        slot: its name.
        broker: whose.
        leaves: it is to be read out, and its session to be ended at the broker.
        is_off: as the broker is switched off: nothing is subscribed there.
    """

    slot: SlotName
    broker: Broker
    leaves: bool = False
    is_off: bool = False


def wanted() -> list[Wanted]:
    """Return the slots of all brokers; those of brokers that are switched off leave."""
    known = [(brokers.first(), True), *brokers.added()]
    return [one for broker, is_on in known for one in _wanted_at(broker, is_on=is_on)]


def _wanted_at(broker: Broker, *, is_on: bool) -> list[Wanted]:
    least = settings.MQTT_SLOTS if is_on else 0
    own = [Wanted(SlotName(broker.name, number), broker) for number in range(least)]
    leaving = [SlotName(broker.name, number) for number in surplus(broker.name, least)]
    return [*own, *(Wanted(slot, broker, leaves=True, is_off=not is_on) for slot in leaving)]


def surplus(broker: str, least: int) -> list[int]:
    """Return the numbers of slots from `least` on whose session `broker` still keeps."""
    known = slots(broker)
    return sorted(number for number, row in known.items() if row.filters and number >= least)


def remember_filters(name: str, filters: list[str]) -> None:
    """Note the filters this slot has subscribed."""
    Writer.objects.filter(name=name).update(filters=filters)


def note_findings(name: str, found: Findings) -> None:
    """Note what a slot found; that the broker forgets goes only with its name."""
    rows = Writer.objects.filter(name=name)
    rows.exclude(software=found.software).update(forgets=False)
    rows.update(sharing=found.evidence, software=found.software)


def note_forgetful(broker: str) -> None:
    """Note that `broker` was seen to forget shared subscriptions: those of all its slots."""
    own = [SlotName(broker, number).text for number in slots(broker)]
    Writer.objects.filter(name__in=own).update(forgets=True)


def last_stored(name: str) -> int | None:
    """Return when this slot committed its last change, in µs, where the log still tells."""
    stored_at = (
        Change.objects.filter(writer=name).order_by("-seq").values_list("stored_at", flat=True)
    ).first()
    return None if stored_at is None else round(stored_at.timestamp() * 1_000_000)


def broker_dropped(name: str, count: int) -> tuple[int, int | None]:
    """Note the broker's count of dropped packets.

    Returns:
        How many are new since the last call, and when that was (µs); a broker that
        restarted counts from 0 again.
    """
    known, at = Writer.objects.values_list("broker_dropped", "broker_dropped_at").get(name=name)
    now = time.time_ns() // 1_000
    Writer.objects.filter(name=name).update(broker_dropped=count, broker_dropped_at=now)
    if known is None:
        return 0, None
    return (count - known if count >= known else count), at


def clocks_ahead(name: str) -> int:
    """Return by how much (µs) devices agreed to be ahead of the slot's clock; 0: they do not."""
    found = Writer.objects.filter(name=name).values_list("clocks_ahead", flat=True).first()
    return found or 0


def keep_clocks_ahead(name: str, ahead: int) -> None:
    """Store that."""
    Writer.objects.filter(name=name).update(clocks_ahead=ahead)
