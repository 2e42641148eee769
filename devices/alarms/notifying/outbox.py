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
        hears = _Hearing(receiver, below, wanted)
        made += [
            Delivery(receiver=receiver, event=event, made_at=timezone.now())
            for event in wanted
            if hears.of(event)
        ]
    Delivery.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


class _Hearing:
    """What one receiver hears of some events, looked at in their order."""

    def __init__(
        self, receiver: Receiver, below: dict[int, set[int]], events: Sequence[AlarmEvent]
    ) -> None:
        self._receiver = receiver
        self._rules = None if receiver.every_rule else {rule.pk for rule in receiver.rules.all()}
        site = receiver.site_id
        self._sites = None if site is None else below.get(site, {site})
        alarms = {event.alarm_id: event.alarm for event in events}
        self._known = {alarm.pk for alarm in may_know(receiver, alarms.values())}
        ended = {event.alarm_id for event in events if event.kind in _ENDS}
        # Alarms that it was told of.
        self._told = _told(receiver, ended)

    def of(self, event: AlarmEvent) -> bool:
        """Return whether it is told of `event`."""
        if not self._concerns(event.alarm):
            return False
        if event.kind in _BEGINS:
            self._told.add(event.alarm_id)
            return True
        return self._receiver.tells_end and event.alarm_id in self._told

    def _concerns(self, alarm: Alarm) -> bool:
        if _RANK[alarm.severity] < _RANK[self._receiver.least] or alarm.pk not in self._known:
            return False
        if self._rules is not None and alarm.rule_id not in self._rules:
            return False
        return self._sites is None or alarm.device.site_id in self._sites


def _told(receiver: Receiver, alarms: set[int]) -> set[int]:
    begun = Delivery.objects.filter(
        receiver=receiver, event__alarm__in=alarms, event__kind__in=_BEGINS
    )
    return set(begun.values_list("event__alarm_id", flat=True))


def may_know(receiver: Receiver, alarms: Iterable[Alarm]) -> list[Alarm]:
    """Return those of `alarms` that whoever receives may know of, by their rights now."""
    found = list(alarms)
    if receiver.kind != Receiver.Kind.PERSON:
        return found
    scope = scope_of(receiver.user)
    pks = {alarm.device_id for alarm in found}
    seen = set(scope.devices().filter(pk__in=pks).values_list("pk", flat=True))
    return [alarm for alarm in found if alarm.device_id in seen]
