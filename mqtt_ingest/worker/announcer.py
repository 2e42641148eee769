"""From committed batches to `readings.stored` events, off the way of the commits.

While one round of events is being sent, further commits gather per device; a
device with too much gathered gets spans to re-read instead of rows. So the layer
is never flooded and the commit never waits for it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from devices.live import FLEET_GROUP, StoredRow, WatchTable, device_group
from devices.storage.rows import Run
from mqtt_ingest.storing.stored import Stored

logger = logging.getLogger(__name__)

MAX_ROWS = 500
# Under load a device is announced at most so often: live thins first, commits never.
BUSY_SECONDS = 0.25
FLEET_SECONDS = 0.25
# Nobody joins it.
PROBE_GROUP = "probe"
GroupSend = Callable[[str, dict[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class _Pending:
    seqs: list[int] = field(default_factory=list)
    rows: dict[int, list[StoredRow]] = field(default_factory=dict)
    count: int = 0


class Announcer:
    """Gathers what was stored on watched devices and sends it on."""

    def __init__(self, watched: WatchTable, send: GroupSend) -> None:
        self._watched = watched
        self._send = send
        self._pending: dict[tuple[str, int], _Pending] = {}
        self._statuses: set[int] = set()
        self._fleet = False
        self._busy = False
        self._wake = asyncio.Event()
        # Why the layer takes nothing, while it does not.
        self.failing = ""
        self.sent = 0
        self.thinned = 0
        self.failed = 0

    def add(self, stored: Stored, *, busy: bool = False) -> None:
        """Take in a committed batch; never blocks.

        Args:
            stored: what was committed.
            busy: more than a batch waits for its commit.
        """
        self._busy = busy
        watched = self._watched.devices
        if watched:
            for run in stored.runs:
                if run.device_id in watched:
                    self._gather(stored, run)
        self._statuses.update(pk for pk in stored.statuses if pk in watched)
        self._fleet = self._fleet or bool(stored.statuses or stored.added_devices)
        if self._pending or self._statuses or self._fleet:
            self._wake.set()

    def _gather(self, stored: Stored, run: Run) -> None:
        pending = self._pending.setdefault((stored.writer, run.device_id), _Pending())
        if not pending.seqs or pending.seqs[-1] != stored.seq:
            self.thinned += bool(pending.seqs)
            pending.seqs.append(stored.seq)
        rows = stored.rows[run.start : run.stop]
        pending.rows.setdefault(run.series_id, []).extend(row[1:] for row in rows)
        pending.count += len(rows)

    async def run(self) -> None:
        """Send until cancelled. A layer that is away costs events, not readings."""
        last_fleet = 0.0
        while True:
            await self._wake.wait()
            self._wake.clear()
            pending, self._pending = self._pending, {}
            statuses, self._statuses = self._statuses, set()
            try:
                for (writer, device), what in pending.items():
                    await self._send(device_group(device), _event(writer, device, what))
                    self.sent += 1
                for device in statuses:
                    await self._send(
                        device_group(device), {"type": "device.status", "device": device}
                    )
                if self._fleet and time.monotonic() - last_fleet >= FLEET_SECONDS:
                    self._fleet, last_fleet = False, time.monotonic()
                    await self._send(FLEET_GROUP, {"type": "fleet.changed"})
                self._recovered()
            except Exception as error:  # noqa: BLE001 - whatever the layer raises
                await self._lost(len(pending), error)
            if self._busy:
                await asyncio.sleep(BUSY_SECONDS)
            if self._fleet:
                asyncio.get_running_loop().call_later(FLEET_SECONDS, self._wake.set)

    async def probe(self) -> None:
        """Find out whether the layer takes anything, while there is nothing to announce."""
        try:
            await self._send(PROBE_GROUP, {"type": "probe"})
            self._recovered()
        except Exception as error:  # noqa: BLE001 - whatever the layer raises
            await self._lost(0, error)

    async def _lost(self, events: int, error: Exception) -> None:
        self.failed += events
        if not self.failing:
            logger.warning("Live announcements fail: %s. Pages read the database instead.", error)
        self.failing = str(error) or type(error).__name__
        await asyncio.sleep(0.5)

    def _recovered(self) -> None:
        if self.failing:
            logger.info("Live announcements work again.")
        self.failing = ""


def _event(writer: str, device: int, what: _Pending) -> dict[str, Any]:
    too_many = what.count > MAX_ROWS
    spans = [
        (series_id, min(row[0] for row in rows), max(row[0] for row in rows))
        for series_id, rows in what.rows.items()
        if too_many
    ]
    return {
        "type": "readings.stored",
        "device": device,
        "writer": writer,
        "seqs": what.seqs,
        "rows": [] if too_many else list(what.rows.items()),
        "spans": spans,
    }
