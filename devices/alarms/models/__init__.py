"""Rules, alarms, and what people do about them."""

from devices.alarms.models.alarms import Alarm, AlarmCounter, AlarmEvent, Episode
from devices.alarms.models.maintenance import Maintenance
from devices.alarms.models.notifying import Delivery, Receiver
from devices.alarms.models.rules import OwnLimits, Rule, Severity

__all__ = [
    "Alarm",
    "AlarmCounter",
    "AlarmEvent",
    "Delivery",
    "Episode",
    "Maintenance",
    "OwnLimits",
    "Receiver",
    "Rule",
    "Severity",
]
