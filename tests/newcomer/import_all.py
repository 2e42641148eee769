"""Imports every module of the project, and prints those that a lock has no package for.

Run by the Python of an environment that holds one lock; needs nothing of the tests.
"""

import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path

PACKAGES = ("iotbridge", "devices", "mqtt_ingest", "dashboards")


def missing() -> dict[str, str]:
    """Return the modules that cannot be imported, and which package each of them lacks."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                found[module.name] = str(error.name)
    return found


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotbridge.settings")
    import django

    django.setup()
    print(json.dumps(missing()))
