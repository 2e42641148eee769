"""The tables: see docs/reference/tables.md."""

from devices.models.accounts import ApiToken, Kiosk, Membership, Role
from devices.models.corrections import Correction
from devices.models.jobs import Job, JobPart
from devices.models.log import Change, Dirty, Duty, Loss, Process, Purge, Writer
from devices.models.readings import Kind, Latest, Reading, Series
from devices.models.registry import (
    Device,
    DeviceCounts,
    Identity,
    Offline,
    Site,
    Source,
    Tag,
)
from devices.models.retention import RetentionPolicy

__all__ = [
    "ApiToken",
    "Change",
    "Correction",
    "Device",
    "DeviceCounts",
    "Dirty",
    "Duty",
    "Identity",
    "Job",
    "JobPart",
    "Kind",
    "Kiosk",
    "Latest",
    "Loss",
    "Membership",
    "Offline",
    "Process",
    "Purge",
    "Reading",
    "RetentionPolicy",
    "Role",
    "Series",
    "Site",
    "Source",
    "Tag",
    "Writer",
]
