"""Django's command line: `python manage.py`, `python -m iotbridge`, or `iotbridge`."""

import os
import sys

import iotbridge


def main() -> None:
    """Run one management command; `standalone` and `restore` prepare their settings first."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotbridge.settings")
    iotbridge.runs_command = True
    if sys.argv[1:2] == ["standalone"]:
        from iotbridge.standalone.environment import prepare

        prepare(sys.argv[2:])
    if sys.argv[1:2] == ["restore"]:
        from iotbridge.standalone.environment import prepare_restore

        prepare_restore()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import Error

    try:
        # Django goes on without settings it cannot read, and then fails at what it lacks.
        from django.conf import settings

        settings.INSTALLED_APPS  # noqa: B018 - reads the settings
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"iotbridge cannot start: {error}")
    except Error as error:
        from devices.database import problem

        words = problem(error)
        if not words:
            raise
        sys.exit(f"iotbridge cannot go on: {words}")


if __name__ == "__main__":
    main()
