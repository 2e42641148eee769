"""Values with the time that is given for them: stored at that time, at arrival, or not at all."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from mqtt_ingest.core.descriptions import SeriesDescription
from mqtt_ingest.core.errors import BadTime
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.samples import collect
from mqtt_ingest.core.timestamps import (
    is_expired,
    is_like_a_date,
    is_of_this_age,
    is_sane,
    read_time,
    tell,
)

ABSENT: Any = object()


class Record(NamedTuple):
    """Values by name, and the time that is given for them, or `ABSENT`."""

    values: dict[str, object]
    given: object = ABSENT
    # What is said of them beside, by name.
    described: Mapping[str, SeriesDescription] = {}


def take(
    message: DeviceMessage, packet: Packet, index: int, record: Record, limits: Limits
) -> None:
    """Add the samples of `record`, the packet's `index`th, to `message`.

    What a broker has kept, and gives no time, is not of now: it becomes no reading.
    """
    own = own_time(message, record.given, packet, limits)
    if own is None and packet.retain:
        return
    ts = packet.received_at + index if own is None else own
    # By our clock, not by what devices say the time is: nobody can talk readings away.
    if own is not None and is_expired(ts, packet.received_at, limits):
        message.expired += 1
        return
    before = len(message.samples)
    collect(message, record.values, ts, limits)
    message.stamped |= own is None and len(message.samples) > before


def own_time(message: DeviceMessage, given: object, packet: Packet, limits: Limits) -> int | None:
    """Return the device's own time in µs where the clock policy believes it."""
    if given is ABSENT or given is None:
        return None
    zones = limits.zones
    zone = zones.get(message.native_id, limits.zone) if zones else limits.zone
    try:
        ts, is_local, is_twice = read_time(given, zone, packet.now)
    except BadTime:
        message.clock_replaced += 1
        return None
    message.clock_difference, message.is_local = ts - packet.received_at, is_local
    message.is_twice |= is_twice
    if limits.clock == "arrival" or not is_sane(ts, packet.now):
        message.clock_replaced += 1
        return None
    return ts


def is_own(ts: int, now: int, limits: Limits) -> bool:
    """Return whether `ts` is stored as the device gave it."""
    return is_sane(ts, now) and limits.clock != "arrival" and not is_expired(ts, now, limits)


def is_time(value: object) -> bool:
    """Return whether `value` is a time: no number before 2000, and no text that is no date."""
    return as_time(value) is not None


def as_time(value: object) -> object | None:
    """Return `value` as a time that a record may give; None where it is none, see `is_time`.

    A text is parsed once, and as it was sent where it is a wrong date, which is told later.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    try:
        told = tell(value)
        return told if is_of_this_age(told) else None
    except BadTime:
        return value if isinstance(value, str) and is_like_a_date(value) else None
