"""The table of what a device has sent: every reading, or sums of hours, days, weeks, months."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy

from dashboards.middleware.time_zone import zone_name
from dashboards.presentation import history
from dashboards.views.devices import device_of
from devices import queries
from devices.timestamps import parse_moment

# The calendar ends soon after.
LATEST_US = round(datetime(9000, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
# Columns of metrics, unless somebody chooses others.
COLUMNS = 6
BUCKETS = {
    "": gettext_lazy("every reading"),
    "hour": gettext_lazy("by the hour"),
    "day": gettext_lazy("by the day"),
    "week": gettext_lazy("by the week"),
    "month": gettext_lazy("by the month"),
}


@login_required
def history_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show readings as a table, the newest first; `until` leads further back."""
    device, scope = device_of(request, key)
    infos = queries.series_of([device.pk])
    names = set(request.GET.getlist("metric"))
    chosen = [info for info in infos if info.metric in names]
    shown = chosen or [info for info in infos if not info.hidden][:COLUMNS]
    bucket = request.GET.get("by", "")
    bucket = bucket if bucket in BUCKETS else ""
    until, problem = _until(request.GET.get("until", ""))
    context: dict[str, Any] = {
        "device": device,
        "infos": infos,
        "shown": shown[: history.MOST_COLUMNS],
        "bucket": bucket,
        "buckets": BUCKETS,
        "until": request.GET.get("until", ""),
        "problem": problem,
        "may_change": scope.may_change(device),
    }
    if bucket:
        context["sums"] = history.sums(context["shown"], bucket, zone_name(), until)
    else:
        context["table"] = history.readings(context["shown"], until)
    return render(request, "dashboards/devices/history.html", context)


def _until(text: str) -> tuple[int, str]:
    """Return until when is shown, in µs, and what is wrong with that."""
    now = queries.now_us()
    if not text:
        return now, ""
    until, problem = _read(text, now)
    return min(until, LATEST_US), problem


def _read(text: str, now: int) -> tuple[int, str]:
    try:
        # As the browser's field has it: of the zone that times are shown in.
        given = datetime.fromisoformat(text) if not text.isdecimal() else None
        if given is not None and given.tzinfo is None:
            return round(timezone.make_aware(given).timestamp() * 1e6), ""
        return parse_moment(text), ""
    except (ValueError, OverflowError) as error:
        return now, str(error)
