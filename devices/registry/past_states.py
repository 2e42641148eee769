"""How devices were at a moment of the past, by what is stored of them.

offline  a span covers the moment in which it said (or its last will did) that it is offline
online   something of it was read no longer before than it may be silent, as is known today
stale    something was read before, but longer ago
never    nothing was read before

Whether ingest was up at that moment is not kept: `unknown` is told of no past.
"""

from collections.abc import Iterable, Mapping

from django.db.models import Q

from devices import queries
from devices.models import Device, Offline
from devices.queries import aggregates
from devices.registry.states import DeviceState, State

# Other series of a device that are looked at, where those that were asked for had been silent.
OTHERS = 20


def past_states(
    devices: Iterable[Device],
    moment: int,
    heard: Mapping[int, int],
    default_s: int,
    earliest: int = 0,
) -> dict[str, DeviceState]:
    """Return state and since (ms) of each device at `moment`, by key.

    Args:
        devices: whose.
        moment: in µs.
        heard: by pk, when (µs) the last reading before was made, as far as that is known.
        default_s: after how long a device is stale that says nothing else, in s.
        earliest: since when something may be told, in µs.
    """
    found = {device.pk: device for device in devices}
    covering = Q(since__lte=moment) & (Q(until=None) | Q(until__gt=moment))
    offline = dict(
        Offline.objects.filter(covering, device__in=found).values_list("device_id", "since")
    )
    told: dict[str, DeviceState] = {}
    for pk, device in found.items():
        limit = _limit_us(device, default_s)
        last = heard.get(pk, -1)
        if pk not in offline and moment - last > limit:
            last = max(last, _last_of_all(pk, moment))
        state, since = _state(offline.get(pk), last, moment, limit)
        since = None if since is None else max(since, earliest) // 1_000
        told[device.key] = {"state": state, "since": since}
    return told


def _state(offline: int | None, last: int, moment: int, limit: int) -> tuple[State, int | None]:
    if offline is not None:
        return "offline", offline
    if last < 0:
        return "never", None
    return ("online", None) if moment - last <= limit else ("stale", last)


def _limit_us(device: Device, default_s: int) -> int:
    """Return for how long a device may be silent, in µs."""
    if device.expected_by is not None and device.last_seen is not None:
        return round((device.expected_by - device.last_seen).total_seconds() * 1e6)
    return (device.stale_after_s or default_s) * 1_000_000


def _last_of_all(device: int, moment: int) -> int:
    """Return when (µs) the last reading of a device before `moment` was made; -1: never."""
    times = [-1]
    for info in queries.series_of([device])[:OTHERS]:
        point = aggregates.value_at(info, moment)
        queries.take_rows(1)
        if point is not None:
            times.append(point[0])
    return max(times)
