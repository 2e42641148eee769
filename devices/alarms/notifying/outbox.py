"""What is to be told to whom, stored in the transaction of what has happened."""

from collections.abc import Iterable, Sequence

from django.utils import timezone

from devices.access import scope_of, sites_below
from devices.alarms.models import Alarm, AlarmEvent, Delivery, Receiver, Severity

_RANK = {name: rank for rank, name in enumerate(Severity.values)}
# What is told; and what ends something that was told.
_BEGINS = {AlarmEvent.Kind.RAISED}
_ENDS = {AlarmEvent.Kind.CLEARED, AlarmEvent.Kind.WITHDRAWN, AlarmEvent.Kind.ENDED}


def put(events: Sequence[AlarmEvent]) -> int:
    """Have everybody told of `events`, which are stored; return how many messages that are.

    Nobody is told of what was over long before it was noticed, nor of what comes back to an
    alarm that is known, nor of the end of what they were not told of.
    """
    wanted = [event for event in events if event.kind in _BEGINS | _ENDS]
    wanted = [event for event in wanted if not event.alarm.is_history]
    if not wanted:
        return 0
    receivers = Receiver.objects.filter(enabled=True).select_related("user", "site")
    receivers = receivers.prefetch_related("rules")
    below = sites_below()
    made: list[Delivery] = []
    for receiver in receivers:
        hears = _Hearing(receiver, below)
        made += [
            Delivery(receiver=receiver, event=event, made_at=timezone.now())
            for event in wanted
            if hears.of(event)
        ]
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


class _Hearing:
    """What one receiver hears of."""

    def __init__(self, receiver: Receiver, below: dict[int, set[int]]) -> None:
        self._receiver = receiver
        self._rules = None if receiver.every_rule else {rule.pk for rule in receiver.rules.all()}
        site = receiver.site_id
        self._sites = None if site is None else below.get(site, {site})

    def of(self, event: AlarmEvent) -> bool:
        """Return whether it is told of `event`."""
        receiver, alarm = self._receiver, event.alarm
        if _RANK[alarm.severity] < _RANK[receiver.least]:
            return False
        if self._rules is not None and alarm.rule_id not in self._rules:
            return False
        if self._sites is not None and alarm.device.site_id not in self._sites:
            return False
        if event.kind in _ENDS and not (receiver.tells_end and _was_told(receiver, alarm)):
            return False
        return may_know(receiver, [alarm]) == [alarm]


def _was_told(receiver: Receiver, alarm: Alarm) -> bool:
    begun = Delivery.objects.filter(
        receiver=receiver, event__alarm=alarm, event__kind__in=_BEGINS
    ).exists()
    # Begun and ended in one step: both are told.
    return begun or alarm.events.filter(kind__in=_BEGINS, deliveries=None).exists()


def may_know(receiver: Receiver, alarms: Iterable[Alarm]) -> list[Alarm]:
    """Return those of `alarms` that whoever receives may know of, by their rights now."""
    found = list(alarms)
    if receiver.kind != Receiver.Kind.PERSON:
        return found
    scope = scope_of(receiver.user)
    pks = {alarm.device_id for alarm in found}
    seen = set(scope.devices().filter(pk__in=pks).values_list("pk", flat=True))
    return [alarm for alarm in found if alarm.device_id in seen]
