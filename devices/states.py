"""The one word a device's state is told in, in Python and in SQL alike.

online   heard of, and not longer silent than its limit
stale    heard of, but silent for longer than its limit
offline  it (or its last will) said offline, and nothing came since
never    nothing ever came
"""

from datetime import datetime
from typing import Literal, get_args

from django.db.models import Case, CharField, F, Q, Value, When
from django.utils.translation import gettext_noop as _

from devices.models import Device

State = Literal["online", "stale", "offline", "never"]
# What pages say of devices, readings and processes; marked here for translation.
WORDS = (
    _("online"),
    _("stale"),
    _("offline"),
    _("never"),
    _("pending"),
    _("not live"),
    _("up"),
    _("down"),
    _("idle"),
)
STATES: tuple[State, ...] = get_args(State)
WORST_FIRST: tuple[State, ...] = ("offline", "stale", "never", "online")


def state_of(device: Device, now: datetime) -> State:
    """Return the state of `device` at `now`."""
    seen, since = device.last_seen, device.status_since
    if device.status == "offline" and (seen is None or since is None or seen <= since):
        return "offline"
    if seen is None:
        return "never"
    return "online" if device.expected_by and device.expected_by >= now else "stale"


def since_of(device: Device, now: datetime) -> datetime | None:
    """Return since when `device` is in its state, as far as that is known.

    For a stale device that is the last moment anything came from it.
    """
    match state_of(device, now):
        case "offline" | "never":
            return device.status_since
        case "stale":
            return device.last_seen
        case "online":
            return device.status_since if device.status == "online" else None


def state_case(now: datetime) -> Case:
    """Return the SQL of `state_of`, for filters and counts."""
    silent_since_status = (
        Q(last_seen__isnull=True)
        | Q(status_since__isnull=True)
        | Q(last_seen__lte=F("status_since"))
    )
    return Case(
        When(Q(status="offline") & silent_since_status, then=Value("offline")),
        When(last_seen__isnull=True, then=Value("never")),
        When(expected_by__gte=now, then=Value("online")),
        default=Value("stale"),
        output_field=CharField(),
    )
