"""What every page knows."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from dashboards.middleware.time_zone import zone_name
from dashboards.presentation import units
from dashboards.presentation.shell import Shell
from devices.access import scope_of
from devices.registry.states import STATES


def _chosen_units() -> str:
    return json.dumps({unit: how._asdict() for unit, how in units.chosen().items()})


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the version, the zone of times, and how many devices wait to be accepted."""

    def pending() -> int:
        return scope_of(request.user).devices().filter(pending=True).count()

    return {
        "version": settings.VERSION,
        "pending_count": SimpleLazyObject(pending),
        "zone_name": zone_name(),
        "chosen_units": SimpleLazyObject(_chosen_units),
        "shell": Shell(request),
        "state_names": STATES,
    }
