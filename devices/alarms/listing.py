"""Alarms and rules as one person sees them."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from devices.access import Scope
from devices.alarms.models import Alarm, Maintenance, Rule
from devices.models import Device

# How an alarm is, worst first; see docs/explanation/alarms.md.
STATES = ("raised", "acknowledged", "latched", "shelved", "cleared", "withdrawn")


def visible(scope: Scope) -> QuerySet[Alarm]:
    """Return the alarms of the devices that this person sees."""
    found = Alarm.objects.select_related("device", "device__site", "series", "acknowledged_by")
    return found if scope.everything else found.filter(device__in=scope.devices())


def on_q() -> Q:
    """Return which alarms are to be looked at: they last, or nobody has acknowledged them."""
    return Q(is_on=True)


def shelved_q() -> Q:
    """Return which are put on the shelf for now."""
    return Q(shelved_until__gt=timezone.now())


def on(scope: Scope) -> QuerySet[Alarm]:
    """Return what is to be looked at, without what is on the shelf."""
    return visible(scope).filter(on_q()).exclude(shelved_q())


def state_of(alarm: Alarm) -> str:
    """Return how an alarm is, one of `STATES`."""
    if alarm.withdrawn_at is not None:
        return "withdrawn"
    if not alarm.is_on:
        return "cleared"
    lasts = alarm.until is None
    if alarm.shelved_until is not None and alarm.shelved_until > timezone.now():
        return "shelved"
    if not lasts:
        return "latched"
    return "raised" if alarm.acknowledged_at is None else "acknowledged"


def may_answer(alarm: Alarm, scope: Scope) -> bool:
    """Return whether this person may acknowledge and shelve an alarm: operators may."""
    return scope.may_change(alarm.device)


def rules(scope: Scope) -> QuerySet[Rule]:
    """Return the rules that this person sees: of sites and devices that they see."""
    found = Rule.objects.select_related("site", "device", "tag")
    if scope.everything:
        return found
    return found.filter(Q(site__in=scope.sites) | Q(device__in=scope.devices()))


def may_edit(rule: Rule, scope: Scope) -> bool:
    """Return whether this person may change a rule, or make it: operators of all it is on."""
    if scope.changes:
        return True
    if rule.device_id is not None and rule.device is not None:
        return scope.may_change(rule.device)
    return rule.site_id in scope.operated


def maintenance(scope: Scope) -> QuerySet[Maintenance]:
    """Return who works where, as far as this person sees it."""
    found = Maintenance.objects.select_related("site", "device")
    if scope.everything:
        return found
    return found.filter(Q(site__in=scope.sites) | Q(device__in=scope.devices()))


def may_work(of: object, scope: Scope) -> bool:
    """Return whether this person may say that somebody works on a site or a device."""
    if isinstance(of, Device):
        return scope.may_change(of)
    return scope.changes or getattr(of, "pk", None) in scope.operated
