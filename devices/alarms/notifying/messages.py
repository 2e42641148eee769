"""What a message says: one of what has happened to an alarm, or one of many together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, ngettext

from devices.alarms.models import Alarm, AlarmEvent, Delivery
from devices.timestamps import moment

# More than so many become one message that counts them.
SINGLY, LISTED = 5, 50


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    Args:
        number: of the last delivery in it; a repetition has the same one.
        subject: in one line.
        body: as plain text.
        data: the same for programs.
        may_be_twice: an earlier try ended without an answer.
    """

    number: int
    subject: str
    body: str
    data: dict[str, Any]
    may_be_twice: bool


def message_of(deliveries: Sequence[Delivery]) -> Message:
    """Return one message of all of `deliveries`, which have their events, alarms and devices."""
    events = [delivery.event for delivery in deliveries]
    lines = [_line(event) for event in events[:LISTED]]
    if len(events) > LISTED:
        lines.append(gettext("and %(n)s more") % {"n": len(events) - LISTED})
    if any(delivery.tries for delivery in deliveries):
        lines.append(gettext("You may have had this message before."))
    return Message(
        deliveries[-1].pk,
        subject_of(events),
        "\n\n".join(lines) + "\n",
        {"events": [told(event) for event in events], "count": len(events)},
        any(delivery.tries for delivery in deliveries),
    )


def subject_of(events: Sequence[AlarmEvent]) -> str:
    """Return what has happened in one line, without breaks."""
    if len(events) == 1:
        event = events[0]
        words = f"{_state(event)}: {event.alarm.rule_name} ({event.alarm.device})"
    else:
        kinds = Counter(_state(event) for event in events)
        words = ngettext("%(n)s alarm", "%(n)s alarms", len(events)) % {"n": len(events)}
        words += ": " + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    return " ".join(words.split())[:300]


def _state(event: AlarmEvent) -> str:
    if event.kind == AlarmEvent.Kind.RAISED:
        return str(event.alarm.get_severity_display())
    return str(event.get_kind_display()).partition(":")[0]


def _line(event: AlarmEvent) -> str:
    alarm = event.alarm
    lines = [f"{_state(event)}: {alarm.rule_name}", _what(alarm)]
    lines += [alarm.text] if alarm.text else []
    at = alarm.since if event.ts is None else event.ts
    lines.append(moment(at).isoformat(sep=" ", timespec="seconds"))
    lines += [alarm.runbook] if alarm.runbook else []
    return "\n".join([*lines, link_to(alarm)])


def _what(alarm: Alarm) -> str:
    unit = alarm.series.unit if alarm.series is not None else ""
    value = f"{alarm.value} {unit}".strip()
    parts = [str(alarm.device), alarm.metric, value, str(alarm.device.site or "")]
    return ", ".join(part for part in parts if part)


def link_to(alarm: Alarm) -> str:
    """Return the address of an alarm's page; its path alone where PUBLIC_URL is not set."""
    return f"{settings.PUBLIC_URL}/alarms/{alarm.pk}"


def told(event: AlarmEvent) -> dict[str, Any]:
    """Return what programs are told of an event; times in ms since 1970 UTC."""
    alarm = event.alarm
    return {
        "id": event.pk,
        "kind": event.kind,
        "at": round(event.at.timestamp() * 1_000),
        "of": None if event.ts is None else event.ts / 1_000,
        "alarm": {
            "id": alarm.pk,
            "rule": alarm.rule_name,
            "severity": alarm.severity,
            "device": alarm.device.key,
            "name": str(alarm.device),
            "site": alarm.device.site.slug if alarm.device.site is not None else "",
            "metric": alarm.metric,
            "value": alarm.value,
            "unit": alarm.series.unit if alarm.series is not None else "",
            "text": alarm.text,
            "runbook": alarm.runbook,
            "since": alarm.since / 1_000,
            "until": None if alarm.until is None else alarm.until / 1_000,
            "url": link_to(alarm),
        },
    }
