"""System checks over the whole configuration."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning


@register()
def check_extra_apps(**_kwargs: Any) -> list[CheckMessage]:
    """Warn where an extra app is listed that iotbridge already brings."""
    twice = [app for app in settings.EXTRA_APPS if settings.INSTALLED_APPS.count(app) > 1]
    return [
        CheckWarning(f"EXTRA_APPS names {app}, which is installed already.", id="iotbridge.W001")
        for app in twice
    ]
