"""What people do about alarms: acknowledge them, put them on the shelf for a while."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from devices.alarms import numbers
from devices.alarms.models import Alarm, AlarmEvent

NOTE_LENGTH, LONGEST = 1_000, timedelta(days=31)


def acknowledge(alarms: Iterable[Alarm], user: Any, note: str = "") -> int:
    """Say that somebody has seen `alarms` and cares; return how many nobody had acknowledged yet.

    Args:
        alarms: that the person may answer.
        user: who does it.
        note: what they say.

    Raises:
        ValidationError: the note is too long.
    """
    note = _checked(note)
    return _change(
        alarms,
        AlarmEvent.Kind.ACKNOWLEDGED,
        user,
        note,
        lambda alarm: alarm.acknowledged_at is None,
        lambda now: {"acknowledged_at": now, "acknowledged_by_id": user.pk},
    )


def shelve(alarms: Iterable[Alarm], user: Any, until: datetime, reason: str) -> int:
    """Hide `alarms` from what is to be looked at until a moment; return how many.

    Raises:
        ValidationError: names the field that is wrong.
    """
    now = timezone.now()
    if not now < until <= now + LONGEST:
        raise ValidationError({"until": gettext("Later than now, within 31 days.")})
    if not reason.strip():
        raise ValidationError({"reason": gettext("Say why.")})
    return _change(
        alarms,
        AlarmEvent.Kind.SHELVED,
        user,
        _checked(reason),
        lambda alarm: alarm.shelved_until != until,
        lambda _now: {"shelved_until": until},
    )


def unshelve(alarms: Iterable[Alarm], user: Any) -> int:
    """Take `alarms` off the shelf; return how many were on it."""
    return _change(
        alarms,
        AlarmEvent.Kind.UNSHELVED,
        user,
        "",
        lambda alarm: alarm.shelved_until is not None,
        lambda _now: {"shelved_until": None},
    )


def _checked(note: str) -> str:
    if len(note) > NOTE_LENGTH:
        raise ValidationError({"note": gettext("At most %d characters.") % NOTE_LENGTH})
    return note.strip()


def _change(
    alarms: Iterable[Alarm], kind: "AlarmEvent.Kind", user: Any, note: str, wanted: Any, values: Any
) -> int:
    """Change those of `alarms` that are not so yet; each is told once."""
    pks = [alarm.pk for alarm in alarms]
    now = timezone.now()
    with transaction.atomic():
        # The counter first: whoever evaluates locks it before alarms, too.
        seq = numbers.raised(numbers.ALARMS, len(pks)) if pks else 0
        locked = Alarm.objects.select_for_update().filter(pk__in=pks, withdrawn_at=None)
        changed = [alarm for alarm in locked.order_by("pk") if wanted(alarm)]
        for number, alarm in enumerate(changed, seq):
            Alarm.objects.filter(pk=alarm.pk).update(seq=number, **values(now))
        AlarmEvent.objects.bulk_create(
            AlarmEvent(alarm=alarm, kind=kind, at=now, by=str(user), note=note) for alarm in changed
        )
    return len(changed)
