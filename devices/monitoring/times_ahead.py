"""What was stored while a clock was ahead, set right: a background service of one process.

A clock that jumps a year ahead for a moment leaves newest values that no later one replaces
for a year, and devices that are "online" for as long. Readings stay as they are stored.

The lease's state holds what was found last: `at` and `until` (µs), `devices`, `series`.
"""

import logging
import time
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max

from devices.background import leases
from devices.background.services import LeasedService, Pace
from devices.database_clock import database_micros
from devices.models import Device, Latest, Writer
from devices.timestamps import moment
from devices.timings import AHEAD_SECONDS
from devices.words import counted

logger = logging.getLogger(__name__)

# Series that one step sets right.
PAGE = 500
# For so long it is told.
TOLD_US = 86_400_000_000
_NEWEST = (
    "SELECT ts, value, text FROM devices_reading WHERE series_id = %s AND ts <= %s "
    "ORDER BY ts DESC LIMIT 1"
)


class TimesAhead(LeasedService):
    """Sets right what a clock that was ahead has left, while it holds the lease."""

    name = "clocks"
    thread = "upkeep"
    pace = Pace(idle=30.0, more=0.05, busy=5.0)

    def __init__(self, holder: str) -> None:
        """Prepare; `holder` is the process' name."""
        super().__init__(holder)
        self._state: dict[str, Any] = {}

    def work(self) -> bool:
        """Look for times that lie ahead, and set some of them right."""
        now = database_micros()
        limit = now + round(AHEAD_SECONDS * 1e6) + _agreed()
        self._state = self._lease.state()
        until = _furthest(limit)
        if until is None:
            return False
        with transaction.atomic():
            devices = _hear_now(limit, now)
            series = list(Latest.objects.filter(ts__gt=limit).values_list("pk", flat=True)[:PAGE])
            _step_back(series, limit)
            self._add(now, until, devices, len(series))
            self._lease.commit(self._state)
        logger.warning("%s", self._words())
        return len(series) == PAGE

    def _add(self, now: int, until: int, devices: int, series: int) -> None:
        """Note what was found; what one jump left is counted together."""
        before = self._state if now - self._state.get("at", 0) < TOLD_US else {}
        self._state = {
            "at": now,
            "until": max(until, before.get("until", 0)),
            "devices": devices + before.get("devices", 0),
            "series": series + before.get("series", 0),
        }

    def status(self) -> dict[str, Any]:
        """Return what was found within the last day, in words."""
        return {"ahead": self._words()}

    def _words(self) -> str:
        told = [
            f"the lease of {name} went on until {until:%Y-%m-%d %H:%M} UTC"
            for name, (until, noticed) in leases.found_ahead.items()
            if time.monotonic() - noticed < TOLD_US / 1e6
        ]
        if self._state and abs(database_micros() - self._state["at"]) < TOLD_US:
            told.append(
                f"{counted(self._state['devices'], 'device')} and the newest values of "
                f"{self._state['series']} series had times up to "
                f"{moment(self._state['until']):%Y-%m-%d %H:%M} UTC; that is set right"
            )
        return "; ".join(told)


def _agreed() -> int:
    """Return by how much (µs) devices agree to be ahead of us: then theirs is the time."""
    return Writer.objects.aggregate(most=Max("clocks_ahead"))["most"] or 0


def _furthest(limit: int) -> int | None:
    """Return the last of the times beyond `limit` (µs); None where there is none."""
    seen = Device.objects.aggregate(most=Max("last_seen"))["most"]
    newest = Latest.objects.aggregate(most=Max("ts"))["most"]
    most = max(newest or 0, 0 if seen is None else round(seen.timestamp() * 1e6))
    return most if most > limit else None


def _hear_now(limit: int, now: int) -> int:
    """Take devices that were heard beyond `limit` for heard `now` (µs); return how many."""
    heard = moment(now)
    return Device.objects.filter(last_seen__gt=moment(limit)).update(
        expected_by=F("expected_by") - (F("last_seen") - heard), last_seen=heard
    )


def _step_back(series: Sequence[int], limit: int) -> None:
    """Let the newest value of each of `series` (pks) be the last one up to `limit` (µs)."""
    with connection.cursor() as cursor:
        for pk in series:
            cursor.execute(_NEWEST, [pk, limit])
            row = cursor.fetchone()
            stored = Latest.objects.filter(pk=pk, ts__gt=limit)
            if row is None:
                stored.delete()
            else:
                stored.update(ts=row[0], value=row[1], text=row[2])
