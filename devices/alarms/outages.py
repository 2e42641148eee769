"""When nothing could be heard: ingest was away, or the gateway that a device speaks through.

In that time, and for as long after it as a device may be silent, nobody's silence is an alarm:
what was away is. Times in µs since 1970 UTC.
"""

from collections.abc import Iterable, Mapping, Sequence

from devices.alarms.core.signals import Span, joined
from devices.models import Device, Offline
from devices.models.registry import MAX_LEVELS
from devices.monitoring import heartbeats

# Still going on.
OPEN = 2**62
# Outages that are remembered; those that ended longer ago are forgotten.
MOST, KEPT_US = 20, 86_400_000_000
# Who has not looked for so long was away itself.
AWAY_US = 15_000_000
# As the state of the evaluator keeps it.
Outages = list[list[int]]


def is_up() -> bool:
    """Return whether packets come in."""
    return heartbeats.ingest_health()["state"] == "up"


def seen(known: Outages, now: int, looked: int, *, up: bool) -> Outages:
    """Return the outages there are, after another look.

    Args:
        known: so far.
        now: the time.
        looked: when it was looked before; 0: never.
        up: whether packets come in.
    """
    found = [list(one) for one in known if one[1] > now - KEPT_US][-MOST:]
    is_open = bool(found) and found[-1][1] == OPEN
    if looked and now - looked > AWAY_US and not is_open:
        found.append([looked, now])
        is_open = False
    if not up and not is_open:
        found.append([now, OPEN])
    elif up and is_open:
        found[-1][1] = now
    return found


def spans(known: Outages) -> list[Span]:
    """Return them as spans."""
    return joined((since, until) for since, until in known)


def of_gateways(devices: Iterable[int]) -> dict[int, list[Span]]:
    """Return when a gateway above each of `devices` (pks) was offline."""
    parents = dict(Device.objects.filter(parent__isnull=False).values_list("pk", "parent_id"))
    if not parents:
        return {}
    offline: dict[int, list[Span]] = {}
    rows = Offline.objects.filter(device__in=set(parents.values())).order_by("-since")
    for device, since, until in rows.values_list("device_id", "since", "until")[:10_000]:
        offline.setdefault(device, []).append((since, OPEN if until is None else until))
    found = {}
    for device in devices:
        above = [span for gateway in _above(device, parents) for span in offline.get(gateway, ())]
        if above:
            found[device] = joined(above)
    return found


def _above(device: int, parents: Mapping[int, int | None]) -> Sequence[int]:
    found: list[int] = []
    current = parents.get(device)
    while current is not None and current not in found and len(found) < MAX_LEVELS:
        found.append(current)
        current = parents.get(current)
    return found
