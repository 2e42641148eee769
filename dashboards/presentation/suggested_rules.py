"""Rules that suggest themselves: from limits that are known of a metric, and from what it is."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext

from devices.access import Scope
from devices.alarms.models import Rule
from devices.models import Series

# That are shown; series that are looked at for it.
MOST, LOOKED_AT = 8, 500
# Of a battery, in %.
LOW_BATTERY = 20


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule that somebody may want."""

    words: str
    why: str
    url: str


def suggested(scope: Scope) -> list[Suggestion]:
    """Return rules for series that no rule is on yet, of devices that this person may change."""
    has_limits = Q(minimum__isnull=False) | Q(maximum__isnull=False)
    is_battery = Q(metric__icontains="battery", unit="%")
    devices = scope.devices() if scope.changes else scope.devices().filter(site__in=scope.operated)
    rows = Series.objects.filter(has_limits | is_battery, device__in=devices, kind="number")
    named = set(Rule.objects.values_list("device_id", "metric"))
    everywhere = set(Rule.objects.filter(device=None).values_list("metric", flat=True))
    found = []
    for series in rows.select_related("device").order_by("device__key", "metric")[:LOOKED_AT]:
        known = (series.device_id, series.metric) in named or series.metric in everywhere
        if not known:
            found.append(_of(series))
    return found[:MOST]


def _of(series: Series) -> Suggestion:
    low, high = series.minimum, series.maximum
    asked: dict[str, object] = {"device": series.device.key, "metric": series.metric}
    if low is None and high is None:
        low = LOW_BATTERY
        why = gettext("a battery")
    else:
        why = gettext("its limits are known")
    if low is not None and high is not None:
        asked |= {"kind": "outside", "low": low, "high": high}
        words = gettext("%(metric)s of %(device)s leaves %(low)g to %(high)g %(unit)s")
    elif high is not None:
        asked |= {"kind": "above", "high": high}
        words = gettext("%(metric)s of %(device)s is above %(high)g %(unit)s")
    else:
        asked |= {"kind": "below", "low": low}
        words = gettext("%(metric)s of %(device)s is below %(low)g %(unit)s")
    said = words % {
        "metric": series.label or series.metric,
        "device": series.device,
        "low": low,
        "high": high,
        "unit": series.unit,
    }
    asked["name"] = said.strip()
    return Suggestion(said, why, f"{reverse('new-alarm-rule')}?{urlencode(asked)}")
