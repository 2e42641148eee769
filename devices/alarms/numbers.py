"""The number of the last change: of alarms, and of what is watched."""

from django.db.models import F

from devices.alarms.models import AlarmCounter

ALARMS, RULES = 1, 2


def raised(counter: int, by: int = 1) -> int:
    """Raise a counter and return its first new number; locked until the transaction ends."""
    if not AlarmCounter.objects.filter(pk=counter).update(last=F("last") + by):
        AlarmCounter.objects.get_or_create(pk=counter)
        AlarmCounter.objects.filter(pk=counter).update(last=F("last") + by)
    return AlarmCounter.objects.get(pk=counter).last - by + 1


def newest(counter: int) -> int:
    """Return the number of the last change."""
    return AlarmCounter.objects.filter(pk=counter).values_list("last", flat=True).first() or 0
