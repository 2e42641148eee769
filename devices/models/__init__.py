"""The tables: see docs/reference/tables.md."""

from devices.models.accounts import ApiToken, Kiosk, Membership, Role
from devices.models.brokers import Broker
from devices.models.changelog import Change, Writer
from devices.models.corrections import Correction
from devices.models.descriptions import DeviceDescription
from devices.models.jobs import Job, JobPart
from devices.models.leases import Duty
from devices.models.losses import Loss
from devices.models.preferences import Preferences, preferences_of
from devices.models.processes import Process
from devices.models.readings import Kind, LastKnown, Latest, Reading, Series
from devices.models.registry import (
    Device,
    DeviceCounts,
    Identity,
    Offline,
    RegistryEdit,
    Site,
    Source,
    Tag,
)
from devices.models.retention import RetentionPolicy
from devices.models.rollups import Dirty, Purge

__all__ = [
    "ApiToken",
    "Broker",
    "Change",
    "Correction",
    "Device",
    "DeviceCounts",
    "DeviceDescription",
    "Dirty",
    "Duty",
    "Identity",
    "Job",
    "JobPart",
    "Kind",
    "Kiosk",
    "LastKnown",
    "Latest",
    "Loss",
    "Membership",
    "Offline",
    "Preferences",
    "Process",
    "Purge",
    "Reading",
    "RegistryEdit",
    "RetentionPolicy",
    "Role",
    "Series",
    "Site",
    "Source",
    "Tag",
    "Writer",
    "preferences_of",
]
