"""Named losses, as pages and operators are told of them; `devices.storage.losses` records them."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q, Sum
from django.utils.translation import gettext_noop as _

from devices.models import Device, DeviceCounts, Loss

# reason -> where it was lost, for people
WORDS: dict[str, str] = {
    "throttled": _("refused by the rate limit DEVICE_RATE_LIMIT"),
    "session_lost": _("queued at the broker when it forgot our session"),
    "session_taken": _("delivered to another client that uses our MQTT client id"),
    "share_forgotten": _("not queued: the broker forgot shared subscriptions when it restarted"),
    "broker_dropped": _("dropped by the broker: a queue was full (of any of its clients)"),
    "database_back": _("stored, and lost with the database, which went back to an older state"),
    "dead_letters_evicted": _("dead letters evicted: DEAD_LETTER_MB was full"),
    "dead_letters_discarded": _("dead letters discarded by a person"),
}


class Count(NamedTuple):
    """One line of what this installation did not store, or cannot be sure of."""

    what: str
    number: int | None
    note: str = ""


# Those that leave a gap in the readings of a device, or of all.
_GAPS = ("throttled", "session_lost", "session_taken", "share_forgotten", "database_back")
# So many of the newest are shown.
MAX_GAPS = 100


class Gap(NamedTuple):
    """A span in which readings were lost; `device` is None where it concerns all."""

    device: int | None
    since: int
    until: int
    why: str


# Other apps add what only they can count; each is called when the page is shown.
counters: list[Callable[[], Iterable[Count]]] = []


def counted() -> list[Count]:
    """Return what can still be lost in this installation, and how much was."""
    recorded = dict(
        Loss.objects.values_list("reason").annotate(n=Sum("packets")).values_list("reason", "n")
    )
    sums = DeviceCounts.objects.aggregate(
        **{
            name: Sum(name)
            for name in ("qos0", "expired", "refused", "series_refused", "bad_samples")
        }
    )
    limit = settings.DEVICE_RATE_LIMIT
    lines = [
        Count(_("packets at QoS 0, which are not repeated when a connection breaks"), sums["qos0"],
              f"{DeviceCounts.objects.filter(qos0__gt=0).count()} devices have published so"),
        Count(_("packets the broker dropped because a queue was full"),
              recorded.get("broker_dropped")),
        Count(_("times the broker forgot our session with what it had queued"),
              Loss.objects.filter(reason="session_lost").count()),
        Count(_("times the broker forgot shared subscriptions when it restarted"),
              Loss.objects.filter(reason="share_forgotten").count()),
        Count(_("times the database went back to an older state"),
              Loss.objects.filter(reason="database_back").count()),
        Count(_("packets refused by the rate limit"), recorded.get("throttled"),
              f"DEVICE_RATE_LIMIT is {limit} a second" if limit else "DEVICE_RATE_LIMIT is off"),
        Count(_("values of metrics beyond a device's limit"), sums["series_refused"],
              f"MAX_SERIES_PER_DEVICE is {settings.MAX_SERIES_PER_DEVICE}"),
        Count(_("packets of rejected or disabled devices"), sums["refused"],
              f"{Device.objects.filter(enabled=False).count()} devices"),
        Count(_("devices waiting to be accepted"), Device.objects.filter(pending=True).count(),
              f"further than {settings.MAX_PENDING_DEVICES} are refused"),
        Count(_("values older than the retention limit"), sums["expired"],
              f"RETENTION_DAYS is {settings.RETENTION_DAYS or 'off'}"),
        Count(_("values in good packets that cannot be stored (NaN, too long)"),
              sums["bad_samples"]),
        *(line for counter in counters for line in counter()),
    ]  # fmt: skip
    return [Count(line.what, line.number or 0, line.note) for line in lines]


def gaps(devices: Iterable[int], since: int) -> list[Gap]:
    """Return where readings of `devices` (pks) were lost after `since` (µs), the newest first."""
    concerned = Q(device__in=list(devices)) | Q(device__isnull=True)
    found = Loss.objects.filter(concerned, reason__in=_GAPS, until__gte=since).order_by("-until")
    rows = found.values_list("device_id", "since", "until", "reason")[:MAX_GAPS]
    return [Gap(device, begin, end, WORDS[reason]) for device, begin, end, reason in rows]
