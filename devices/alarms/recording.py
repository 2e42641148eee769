"""What has become of alarms is stored: episodes, the alarms that they are, what happened to them.

It is told by what the readings say now, whatever was stored of the same moments before. What is
the same stays as it is: to do it twice changes nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from devices.alarms import numbers
from devices.alarms.core import episodes as spans
from devices.alarms.core.conditions import word_of
from devices.alarms.core.signals import Transition
from devices.alarms.models import Alarm, AlarmEvent, Episode
from devices.alarms.watched import Watched
from devices.models import Device

Kind = AlarmEvent.Kind
SECOND = 1_000_000
_WORD = re.compile(r"\{(\w{1,20})\}")
# What was over so long before it was noticed is history: nobody is told.
LATE_US = 300 * SECOND
# The value that was valid at a moment; None: it is not known.
ValueAt = Callable[[int], object]


@dataclass(slots=True)
class Known:
    """The alarms of one watched thing that a time touches, with their episodes."""

    alarms: list[Alarm] = field(default_factory=list)
    episodes: dict[int, list[Episode]] = field(default_factory=dict)

    @property
    def spans(self) -> list[spans.Episode]:
        """Return all of their episodes, in order."""
        return sorted(
            (one.since, one.until) for alarm in self.alarms for one in self.episodes[alarm.pk]
        )


def known(watched: Watched, since: int) -> Known:
    """Return the alarms of `watched` that what happens from `since` (µs) on may touch."""
    rule = watched.rule
    reach = SECOND * max(rule.again_s, rule.for_s, rule.clear_s)
    mine = Alarm.objects.filter(
        rule=rule, device=watched.device, series=watched.series, withdrawn_at=None
    )
    recent = mine.filter(Q(until=None) | Q(until__gte=since - reach))
    found = Known(list(recent.order_by("since").prefetch_related("episodes")))
    found.episodes = {alarm.pk: list(alarm.episodes.all()) for alarm in found.alarms}
    return found


def save(
    watched: Watched,
    before: Known,
    since: int,
    changes: Sequence[Transition],
    now: datetime,
    value_at: ValueAt,
) -> list[AlarmEvent]:
    """Store what `changes` from `since` (µs) on make of the alarms that were known.

    Returns:
        What happened to them, unsaved.
    """
    after = spans.continued(before.spans, since, changes)
    if after == before.spans:
        return []
    known_as = [_spans(before.episodes[alarm.pk]) for alarm in before.alarms]
    groups = spans.grouped(known_as, since, after, watched.rule.again_s * SECOND)
    events: list[AlarmEvent] = []
    left = list(before.alarms)
    changed: list[tuple[Alarm, Sequence[spans.Episode]]] = []
    for group in groups:
        alarm = _matching(group, left, before)
        if alarm is None:
            alarm = _made(watched, group, now, value_at)
            events.append(_event(alarm, Kind.RAISED, now, group[0][0]))
            if group[-1][1] is not None:
                events.append(_event(alarm, Kind.CLEARED, now, group[-1][1]))
        else:
            left.remove(alarm)
            if group == _spans(before.episodes[alarm.pk]):
                continue
            events += _continued(alarm, group, now)
        changed.append((alarm, group))
    for alarm in left:
        alarm.withdrawn_at = now
        events.append(_event(alarm, Kind.WITHDRAWN, now, alarm.since))
        changed.append((alarm, _spans(before.episodes[alarm.pk])))
    _write(changed, before)
    return events


def end(alarm: Alarm, now: datetime, at: int) -> AlarmEvent:
    """End an alarm that is watched no longer, at `at` (µs); return what happened, unsaved."""
    alarm.until = max(alarm.since, at)
    alarm.episodes.filter(until=None).update(until=alarm.until)
    alarm.seq = numbers.raised(numbers.ALARMS)
    alarm.save(update_fields=["until", "seq"])
    return _event(alarm, Kind.ENDED, now, alarm.until)


def _spans(episodes: Sequence[Episode]) -> list[spans.Episode]:
    return [(one.since, one.until) for one in episodes]


def _matching(group: Sequence[spans.Episode], left: Sequence[Alarm], before: Known) -> Alarm | None:
    """Return the alarm that `group` was known as: the first that shares a time with it."""
    first, last = group[0][0], group[-1][1]
    for alarm in left:
        until = before.episodes[alarm.pk][-1].until
        begins_before_end = last is None or alarm.since <= last
        ends_after_begin = until is None or until >= first
        if begins_before_end and ends_after_begin:
            return alarm
    return None


def _made(
    watched: Watched, group: Sequence[spans.Episode], now: datetime, value_at: ValueAt
) -> Alarm:
    rule = watched.rule
    value = value_at(group[0][0])
    said = "" if value is None else _said(value)[:200]
    until = group[-1][1]
    return Alarm(
        rule=rule,
        rule_name=rule.name,
        severity=rule.severity,
        device_id=watched.device,
        series_id=watched.series,
        metric=watched.metric,
        text=text_of(watched, said)[:1_000],
        value=said,
        runbook=rule.runbook,
        latched=rule.latched,
        since=group[0][0],
        until=until,
        times=len(group),
        noticed_at=now,
        is_history=until is not None and until < now.timestamp() * SECOND - LATE_US,
    )


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return " / ".join(_said(one) for one in value)
    return f"{value:.12g}" if type(value) is float else word_of(value)


def text_of(watched: Watched, value: str) -> str:
    """Return what an alarm says: the rule's text, with what its words in braces stand for."""
    rule = watched.rule
    if not rule.text:
        return ""
    device = Device.objects.select_related("site").get(pk=watched.device)
    limits = [f"{limit:g}" for limit in (rule.low, rule.high) if limit is not None]
    said = {
        "device": str(device),
        "metric": watched.metric,
        "value": value,
        "limit": " / ".join(limits) or rule.words,
        "site": str(device.site or ""),
    }
    return _WORD.sub(lambda found: said.get(found[1], found[0]), rule.text)


def _continued(alarm: Alarm, group: Sequence[spans.Episode], now: datetime) -> list[AlarmEvent]:
    """Take over what the readings say now; return what happened by that."""
    was_on, times = alarm.until is None, alarm.times
    alarm.since, alarm.until, alarm.times = group[0][0], group[-1][1], len(group)
    came_back = alarm.times > times or (not was_on and alarm.until is None)
    events = [_event(alarm, Kind.AGAIN, now, group[-1][0])] if came_back else []
    if alarm.until is None:
        alarm.is_history = False
    elif was_on or came_back:
        events.append(_event(alarm, Kind.CLEARED, now, alarm.until))
    return events


def _event(alarm: Alarm, kind: "AlarmEvent.Kind", now: datetime, ts: int) -> AlarmEvent:
    return AlarmEvent(alarm=alarm, kind=kind, at=now, ts=ts)


def _write(changed: Sequence[tuple[Alarm, Sequence[spans.Episode]]], before: Known) -> None:
    seq = numbers.raised(numbers.ALARMS, len(changed))
    for number, (alarm, group) in enumerate(changed, seq):
        alarm.seq = number
        if alarm._state.adding:  # noqa: SLF001 - Django documents it
            alarm.save()
            old: dict[int, Episode] = {}
        else:
            alarm.save(
                update_fields=["seq", "since", "until", "times", "is_history", "withdrawn_at"]
            )
            old = {one.since: one for one in before.episodes[alarm.pk]}
        _write_episodes(alarm, group, old)


def _write_episodes(alarm: Alarm, group: Sequence[spans.Episode], old: dict[int, Episode]) -> None:
    new = dict(group)
    gone = [one.pk for since, one in old.items() if since not in new]
    if gone:
        Episode.objects.filter(pk__in=gone).delete()
    for since, until in group:
        if since not in old:
            Episode.objects.create(alarm=alarm, since=since, until=until)
        elif old[since].until != until:
            Episode.objects.filter(pk=old[since].pk).update(until=until)
