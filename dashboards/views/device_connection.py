"""How a device publishes, what of it arrives, and what was said last."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboards.presentation import device_rows, snippets
from dashboards.views.devices import DAY_US, device_of
from devices import queries
from devices.models import Identity
from devices.monitoring import heartbeats, loss_meter
from devices.registry import device_clocks, undecoded
from devices.registry.states import since_of, state_of

LOSSES = 50


@login_required
def connection_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show what connects a device with us."""
    device, scope = device_of(request, key)
    as_of, now = heartbeats.as_of(), queries.now_us()
    native_id, address = device_rows.published_as(device), snippets.broker(request)
    context = {
        "now": as_of.now,
        "device": device,
        "state": state_of(device, as_of),
        "since": since_of(device, as_of),
        "identities": Identity.objects.filter(device=device).select_related("source__broker"),
        "gateway": device_rows.gateway_of(device, scope),
        "at_qos0": device_rows.publishes_at_qos0(device),
        "clock": device_clocks.note_of(device, as_of.now),
        "letter": undecoded.last_of(device.key),
        "meter": loss_meter.read(device, now - DAY_US, now),
        "losses": device.losses.order_by("-until")[:LOSSES],
        "command": address.command(f"devices/{native_id}/telemetry"),
        "program": address.program(native_id),
        "asks": address.asks,
        "may_change": scope.may_change(device),
    }
    return render(request, "dashboards/devices/connection.html", context)
