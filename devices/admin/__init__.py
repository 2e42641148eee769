"""Django's admin for the registry; readings are looked at on the pages."""

from devices.admin import accounts, devices, retention, sites  # noqa: F401 - they register themselves
