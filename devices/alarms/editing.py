"""Rules, limits of single devices and maintenance are changed; who evaluates learns of it."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from devices.alarms import numbers
from devices.alarms.models import Maintenance, OwnLimits, Rule
from devices.database_clock import database_micros
from devices.models import Device, Site

SECOND = 1_000_000
# Rules that there may be; and how long somebody may work on something.
MOST_RULES, LONGEST_US = 2_000, 366 * 86_400 * SECOND


def save(rule: Rule, by: str, now: int | None = None) -> Rule:
    """Store a rule that was checked (`full_clean`); it begins, or begins anew, now.

    Args:
        rule: it.
        by: who did it.
        now: µs since 1970 UTC; by default the database's.

    Raises:
        ValidationError: there are too many.
    """
    if rule._state.adding and Rule.objects.count() >= MOST_RULES:  # noqa: SLF001 - Django documents it
        raise ValidationError(gettext("There are %d rules already.") % MOST_RULES)
    with transaction.atomic():
        rule.number = numbers.raised(numbers.RULES)
        rule.since = database_micros() if now is None else now
        rule.changed_by = by
        rule.save()
    return rule


def delete(rule: Rule) -> None:
    """Remove a rule; its alarms stay as history, and end."""
    with transaction.atomic():
        numbers.raised(numbers.RULES)
        rule.delete()


def set_limits(
    rule: Rule, device: Device, by: str, *, low: float | None, high: float | None, off: bool
) -> None:
    """Give a device limits of its own under a rule; without any, those of the rule again."""
    with transaction.atomic():
        if low is None and high is None and not off:
            OwnLimits.objects.filter(rule=rule, device=device).delete()
        else:
            OwnLimits.objects.update_or_create(
                rule=rule, device=device, defaults={"low": low, "high": high, "off": off}
            )
        save(rule, by)


def begin_work(
    of: Site | Device, until: int, reason: str, by: str, since: int | None = None
) -> Maintenance:
    """Raise nothing of a site or a device for a time; what has passed stays as it was.

    Args:
        of: it.
        until: µs since 1970 UTC.
        reason: why.
        by: who says it.
        since: µs since 1970 UTC; now at the earliest.

    Raises:
        ValidationError: names the field that is wrong.
    """
    now = database_micros()
    since = max(now, since or now)
    if not since < until <= now + LONGEST_US:
        raise ValidationError({"until": gettext("It ends after it begins, within a year.")})
    if not reason.strip():
        raise ValidationError({"reason": gettext("Say why.")})
    place = {"device": of} if isinstance(of, Device) else {"site": of}
    with transaction.atomic():
        number = numbers.raised(numbers.RULES)
        return Maintenance.objects.create(
            **place,
            since=since,
            until=until,
            reason=reason.strip()[:500],
            made_by=by,
            number=number,
        )


def end_work(work: Maintenance) -> None:
    """End it now; one that has not begun is taken away."""
    now = database_micros()
    with transaction.atomic():
        number = numbers.raised(numbers.RULES)
        if work.since >= now:
            work.delete()
        elif work.until > now:
            Maintenance.objects.filter(pk=work.pk).update(until=now, number=number)
