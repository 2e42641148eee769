"""The loss meter: what a device must have sent against what is stored, and where the rest went.

By sequence number where the device sends one, else by cadence where it is regular. Read
from the stored rows when somebody asks: nothing is counted on the hot path, and late
and redelivered packets come out right by themselves.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Literal

from django.db import connection
from django.db.models import Q, Sum
from django.utils.translation import gettext_noop

from devices import queries
from devices.models import Device, Loss
from devices.monitoring.losses import WORDS

# Metrics that are taken for a sequence number.
SEQUENCE_METRICS = ("seq", "sequence", "fcnt", "frame_counter", "packet_number")
# Rows that one reading of the meter looks at.
MAX_ROWS = 50_000
# Sequence numbers that begin anew after these.
_WRAPS = (256, 65_536)
# A cadence is one where half of the intervals lie within this part of their median.
_REGULAR = 0.25
# Series looked at to find a device's cadence.
_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class LossMeter:
    """Packets of one device within a span."""

    basis: Literal["sequence", "cadence"]
    metric: str
    expected: int
    received: int
    # (where, packets; None where nobody can know)
    places: list[tuple[str, int | None]] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Return how many are missing."""
        return max(0, self.expected - self.received)


def read(device: Device, since: int, until: int) -> LossMeter | None:
    """Return the meter of `device` from `since` to `until` (µs), or None where it has no basis."""
    infos = [info for info in queries.series_of([device.pk]) if info.kind == "number"]
    numbered = next((info for info in infos if info.metric in SEQUENCE_METRICS), None)
    if numbered is not None:
        values = [value for _ts, value in _rows(numbered.pk, since, until) if value is not None]
        if len(values) > 1:
            expected = by_sequence(values)
            return _meter(
                device, "sequence", numbered.metric, expected, len(values), (since, until)
            )
    best: list[int] = []
    metric = ""
    for info in infos[:_CANDIDATES]:
        times = [ts for ts, _value in _rows(info.pk, since, until)]
        if len(times) > len(best):
            best, metric = times, info.metric
    expected_by_cadence = by_cadence(best, until)
    if expected_by_cadence is None:
        return None
    return _meter(device, "cadence", metric, expected_by_cadence, len(best), (since, until))


def _rows(series_id: int, since: int, until: int) -> list[tuple[int, float | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, value FROM devices_reading WHERE series_id = %s AND ts >= %s AND ts < %s "
            "ORDER BY ts DESC LIMIT %s",
            [series_id, since, until, MAX_ROWS],
        )
        return [(int(ts), value) for ts, value in reversed(cursor.fetchall())]


# Beyond this a double counts no more by one; what is beyond is no sequence number.
_EXACT = 2.0**53


def by_sequence(values: list[float]) -> int:
    """Return how many packets `values`, sequence numbers in order of time, span.

    A number that falls is a wrap where it was near a wrap's end, else a restart.
    """
    values = [value for value in values if abs(value) <= _EXACT]
    expected = 1
    for before, after in pairwise(values):
        step = after - before
        if step < 0:
            wrap = next((w for w in _WRAPS if before < w and before >= w * 0.9), 0)
            step = step + wrap if wrap and step + wrap > 0 else 1
        expected += max(0, round(step))
    return expected


def by_cadence(times: list[int], until: int) -> int | None:
    """Return how many packets a device of regular cadence must have sent since its first.

    None where there are fewer than 20, or where they are not regular.
    """
    if len(times) < 20:
        return None
    intervals = [after - before for before, after in pairwise(times)]
    usual = median(intervals)
    regular = sum(abs(interval - usual) <= usual * _REGULAR for interval in intervals)
    if not usual or regular < len(intervals) / 2:
        return None
    # Counted interval by interval: small delays must not add up to lost packets.
    inside = sum(max(1, round(interval / usual)) for interval in intervals)
    return 1 + inside + max(0, int((until - times[-1]) / usual) - 1)


def _meter(
    device: Device,
    basis: Literal["sequence", "cadence"],
    metric: str,
    expected: int,
    received: int,
    span: tuple[int, int],
) -> LossMeter:
    made = LossMeter(basis, metric, expected, received)
    if not made.lost:
        return made
    found = (
        Loss.objects.filter(Q(device=device) | Q(device__isnull=True))
        .filter(until__gte=span[0], since__lt=span[1])
        .values_list("device_id", "reason")
        .annotate(packets=Sum("packets"))
    )
    known = 0
    for device_id, reason, packets in found:
        made.places.append((WORDS[reason], packets))
        known += packets or 0 if device_id else 0
    if made.lost > known:
        made.places.append(
            (
                gettext_noop("before it reached us: the device, its network, QoS 0, or the broker"),
                made.lost - known,
            )
        )
    return made
