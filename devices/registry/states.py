"""The one word a device's state is told in, in Python and in SQL alike.

online   heard of, and not longer silent than its limit; or a status that the broker kept says so
stale    heard of, but silent for longer than its limit
unknown  nothing can be heard of it: ingest is down, and it was online when it was up last,
         or the gateway that it speaks through is offline
offline  it (or its last will) said offline, and nothing came since
never    nothing ever came
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from django.db.models import Case, CharField, F, Q, Value, When
from django.utils.translation import gettext_noop as _

from devices.models import Device

# `state` and `since`, in ms since 1970 UTC or None.
DeviceState = dict[str, Any]
State = Literal["online", "stale", "unknown", "offline", "never"]
# What pages say of devices, readings and processes; marked here for translation.
WORDS = (
    _("online"),
    _("stale"),
    _("unknown"),
    _("offline"),
    _("never"),
    _("pending"),
    _("not live"),
    _("up"),
    _("down"),
    _("idle"),
)
STATES: tuple[State, ...] = get_args(State)
WORST_FIRST: tuple[State, ...] = ("offline", "stale", "unknown", "never", "online")


@dataclass(frozen=True, slots=True)
class AsOf:
    """As of when devices are known: `devices.monitoring.heartbeats.as_of` tells it.

    Args:
        now: the time.
        ingest_up: packets come in, so that silence is the device's own.
        until: where they do not, until when they did; None where nobody can tell.
    """

    now: datetime
    ingest_up: bool = True
    until: datetime | None = None

    @property
    def moment(self) -> datetime:
        """Return the moment that states are judged at: no device is stale for ingest's silence."""
        return self.now if self.ingest_up or self.until is None else min(self.now, self.until)

    @property
    def alive(self) -> State:
        """Return the state of a device that is not silent for too long."""
        return "online" if self.ingest_up else "unknown"


def state_of(device: Device, as_of: AsOf) -> State:
    """Return the state of `device`."""
    seen, since = device.last_seen, device.status_since
    if device.status == "offline" and (seen is None or since is None or seen <= since):
        return "offline"
    if device.cut_off_since is not None and (seen is None or seen <= device.cut_off_since):
        return "unknown"
    if seen is None:
        # What the broker kept, with a last will beside it, is as true as anything can be.
        return as_of.alive if device.status == "online" else "never"
    is_expected = device.expected_by is not None and device.expected_by >= as_of.moment
    return as_of.alive if is_expected else "stale"


def since_of(device: Device, as_of: AsOf) -> datetime | None:
    """Return since when `device` is in its state, as far as that is known.

    For a stale device that is the last moment anything came from it.
    """
    match state_of(device, as_of):
        case "offline" | "never":
            return device.status_since
        case "stale":
            return device.last_seen
        case "unknown":
            return device.cut_off_since or as_of.until
        case "online":
            return device.status_since if device.status == "online" else None


def state_case(as_of: AsOf) -> Case:
    """Return the SQL of `state_of`, for filters and counts."""
    silent_since_status = (
        Q(last_seen__isnull=True)
        | Q(status_since__isnull=True)
        | Q(last_seen__lte=F("status_since"))
    )
    return Case(
        When(Q(status="offline") & silent_since_status, then=Value("offline")),
        When(
            Q(cut_off_since__isnull=False)
            & (Q(last_seen__isnull=True) | Q(last_seen__lte=F("cut_off_since"))),
            then=Value("unknown"),
        ),
        When(last_seen__isnull=True, status="online", then=Value(as_of.alive)),
        When(last_seen__isnull=True, then=Value("never")),
        When(expected_by__gte=as_of.moment, then=Value(as_of.alive)),
        default=Value("stale"),
        output_field=CharField(),
    )


def milliseconds(when: datetime) -> int:
    """Return a moment in ms since 1970 UTC."""
    return round(when.timestamp() * 1_000)


def read_states(devices: list[int], as_of: AsOf) -> dict[int, DeviceState]:
    """Return state and since (ms) of each device, by pk."""
    found: dict[int, DeviceState] = {}
    for start in range(0, len(devices), 500):
        for device in Device.objects.filter(pk__in=devices[start : start + 500]):
            since = since_of(device, as_of)
            found[device.pk] = {
                "state": state_of(device, as_of),
                "since": None if since is None else milliseconds(since),
            }
    return found


def states_of(devices: Mapping[int, str], as_of: AsOf) -> dict[str, DeviceState]:
    """Return the same by key; `devices` has the key of each pk."""
    return {devices[pk]: state for pk, state in read_states(list(devices), as_of).items()}
