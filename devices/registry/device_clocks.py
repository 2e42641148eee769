"""What a device's times say about its clock, and the zone that would explain them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from devices.datetime_texts import zone_or_utc
from devices.models import Device
from devices.queries import clocks_ahead_us

QUARTER_HOUR = timedelta(minutes=15)
# How far a clock in another zone may be off besides; there are zones of up to 14 hours.
TOLERANCE = timedelta(minutes=2)
WIDEST = timedelta(hours=14)
# From here on a clock is said to be ahead.
AHEAD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ClockNote:
    """A device's clock is ahead or in another zone.

    Args:
        difference: its last time minus ours.
        zone: in which that time would be right; empty where its times name a zone, or none is.
    """

    difference: timedelta
    zone: str = ""

    @property
    def words(self) -> str:
        """Return by how much: `1:00:00`."""
        return str(abs(self.difference) - timedelta(microseconds=self.difference.microseconds))

    @property
    def is_ahead(self) -> bool:
        """Return whether it is ahead."""
        return self.difference > timedelta()


def note_of(device: Device, now: datetime) -> ClockNote | None:
    """Return what is odd about the times of `device`; None where nothing is.

    Times behind ours are odd only where a zone explains them: they may be a backlog's.
    """
    counts = getattr(device, "counts", None)
    if counts is None or counts.clock_difference_ms is None:
        return None
    difference = timedelta(milliseconds=counts.clock_difference_ms)
    if difference > AHEAD:
        # It may be ours that is wrong.
        difference -= timedelta(microseconds=clocks_ahead_us())
    zone = _zone(device, difference, now) if counts.local_time else ""
    return ClockNote(difference, zone) if zone or difference > AHEAD else None


def _zone(device: Device, difference: timedelta, now: datetime) -> str:
    """Return the zone in which times that are off by `difference` were right."""
    quarters = round(difference / QUARTER_HOUR)
    if not quarters or abs(difference - quarters * QUARTER_HOUR) > TOLERANCE:
        return ""
    wanted = _offset(device.zone or _of_source(device), now) + quarters * QUARTER_HOUR
    if abs(wanted) > WIDEST:
        return ""
    ours = settings.TIME_ZONE
    return ours if wanted and _offset(ours, now) == wanted else _fixed(wanted)


def _of_source(device: Device) -> str:
    found = device.identities.exclude(source__zone="").values_list("source__zone", flat=True)
    return found.first() or ""


def _offset(name: str, now: datetime) -> timedelta:
    return now.astimezone(zone_or_utc(name)).utcoffset() or timedelta()


def _fixed(offset: timedelta) -> str:
    minutes = round(abs(offset) / timedelta(minutes=1))
    sign = "-" if offset < timedelta() else "+"
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}" if minutes else "UTC"
