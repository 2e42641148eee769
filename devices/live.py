"""The one contract between ingest and dashboards: groups, events, watch sets.

Workers announce only what somebody watches. Each web process sends the devices
its pages show to the `ingest` group when that set changes and every 10 seconds;
a starting worker asks for them. Announcements may be lost: web processes compare
the change log with what came (`dashboards.live.reconciliation`).
"""

import time
from collections.abc import Iterable
from typing import Any, TypedDict

from channels.layers import BaseChannelLayer, get_channel_layer
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from devices.timings import WATCH_TTL_SECONDS

INGEST_GROUP = "ingest"
WEB_GROUP = "web"
FLEET_GROUP = "fleet"

# A time in µs since 1970 UTC, a value and a text.
StoredRow = tuple[int, float | None, str | None]


def layer() -> BaseChannelLayer:
    """Return the channel layer; the settings always configure one."""
    found = get_channel_layer()
    assert found is not None
    return found


class ReadingsStored(TypedDict):
    """`readings.stored`, sent to a device's group after COMMIT.

    `rows` holds (series pk, its rows) of all commits in `seqs`; where there were
    too many, `spans` holds (series pk, ts_min, ts_max) to be read instead.
    """

    type: str
    device: int
    writer: str
    seqs: list[int]
    rows: list[tuple[int, list[StoredRow]]]
    spans: list[tuple[int, int, int]]


class DeviceStatus(TypedDict):
    """`device.status`, sent to a device's group when its status was stored."""

    type: str
    device: int


class FleetChanged(TypedDict):
    """`fleet.changed`: devices came, went, or changed their state."""

    type: str


class WatchSet(TypedDict):
    """`watch.set`: the devices that one web process shows now."""

    type: str
    process: str
    devices: list[int]


def device_group(pk: int) -> str:
    """Return the channel-layer group of the device with primary key `pk`."""
    return f"device.{pk}"


def watch_set(process: str, devices: Iterable[int]) -> dict[str, Any]:
    """Return the announcement of what `process` shows."""
    return {"type": "watch.set", "process": process, "devices": sorted(devices)}


class WatchTable:
    """A worker's view of who watches what; entries end by themselves."""

    def __init__(self) -> None:
        self._sets: dict[str, tuple[float, frozenset[int]]] = {}
        self.devices: frozenset[int] = frozenset()

    def take(self, message: WatchSet | dict[str, Any]) -> None:
        """Note the watch set of one web process, in place of its last one."""
        now = time.monotonic()
        self._sets[message["process"]] = (now, frozenset(message["devices"]))
        self.expire(now)

    def expire(self, now: float) -> None:
        """Drop the sets of processes that were not heard of for `WATCH_TTL_SECONDS` seconds."""
        self._sets = {
            process: (at, devices)
            for process, (at, devices) in self._sets.items()
            if now - at < WATCH_TTL_SECONDS
        }
        self.devices = frozenset().union(*(devices for _at, devices in self._sets.values()))


def require_shared_layer(process: str) -> None:
    """Stop `process` unless the channel layer reaches other processes.

    Raises:
        ImproperlyConfigured: REDIS_URL is empty outside `standalone`.
    """
    if settings.REDIS_URL or settings.STANDALONE:
        return
    raise ImproperlyConfigured(
        f"REDIS_URL is not set, and {process} must reach the other processes through Redis. "
        "Set REDIS_URL=redis://127.0.0.1:6379/0, "
        "or run everything in one process: python manage.py standalone"
    )
