"""Django's admin for the registry; readings are looked at on the pages."""

from devices.admin import (  # noqa: F401 - they register themselves
    accounts,
    brokers,
    devices,
    retention,
    sites,
)
