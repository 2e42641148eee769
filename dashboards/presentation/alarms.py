"""Alarms as pages and programs are told of them. Times in ms since 1970 UTC."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from devices.access import Scope, site_and_below
from devices.alarms import listing
from devices.alarms.models import Alarm, AlarmEvent, Episode, Severity
from devices.models import Device, Site

# Worst first.
SEVERITIES = tuple(reversed(Severity.values))
STATES = listing.STATES
# Of one frame, and of one answer to who has seen none.
MOST = 50


def of(scope: Scope, devices: QuerySet[Device] | None = None) -> QuerySet[Alarm]:
    """Return the alarms that `scope` sees, of `devices` alone where they are given."""
    found = listing.visible(scope)
    return found if devices is None else found.filter(device__in=devices)


def sites_of(site: Site) -> set[int]:
    """Return `site` and the sites below it, by pk."""
    return site_and_below(site.pk)


def worst_first(alarms: QuerySet[Alarm]) -> QuerySet[Alarm]:
    """Return `alarms` by severity, those that nobody has acknowledged before the others."""
    cases = [When(severity=name, then=Value(place)) for place, name in enumerate(SEVERITIES)]
    severity = Case(*cases, default=Value(9), output_field=IntegerField())
    answered = Case(When(acknowledged_at=None, then=Value(0)), default=Value(1))
    return alarms.order_by(answered, severity, "-since", "-pk")


def counts(alarms: QuerySet[Alarm]) -> dict[str, int]:
    """Return how many of `alarms` are on, by severity, and how many nobody has acknowledged."""
    on = alarms.filter(listing.on_q()).exclude(listing.shelved_q()).order_by()
    by = {name: Count("pk", filter=Q(severity=name)) for name in SEVERITIES}
    found: dict[str, int] = on.aggregate(
        **by, unacknowledged=Count("pk", filter=Q(acknowledged_at=None))
    )
    return found


def told(alarm: Alarm, scope: Scope, *, named: bool = True) -> dict[str, Any]:
    """Return what is told of an alarm.

    Args:
        alarm: with its device, series and who acknowledged it.
        scope: of who is told.
        named: whether people are named.
    """
    device, series = alarm.device, alarm.series
    acknowledged = None
    if alarm.acknowledged_at is not None:
        by = str(alarm.acknowledged_by or "") if named else ""
        acknowledged = {"at": _ms(alarm.acknowledged_at), "by": by}
    return {
        "id": alarm.pk,
        "seq": alarm.seq,
        "rule": alarm.rule_name,
        "severity": alarm.severity,
        "state": listing.state_of(alarm),
        "device": device.key,
        "name": str(device),
        "site": device.site.slug if device.site is not None else "",
        "metric": alarm.metric,
        "value": alarm.value,
        "unit": series.unit if series is not None else "",
        "text": alarm.text,
        "runbook": alarm.runbook,
        "since": alarm.since / 1_000,
        "until": None if alarm.until is None else alarm.until / 1_000,
        "times": alarm.times,
        "history": alarm.is_history,
        "acknowledged": acknowledged,
        "shelved_until": _ms(alarm.shelved_until),
        "may_answer": named and listing.may_answer(alarm, scope),
    }


def told_event(event: AlarmEvent) -> dict[str, Any]:
    """Return what is told of something that happened to an alarm."""
    return {
        "kind": event.kind,
        "at": _ms(event.at),
        "of": None if event.ts is None else event.ts / 1_000,
        "by": event.by,
        "note": event.note,
    }


def changed(
    alarms: QuerySet[Alarm], after: int, scope: Scope, *, named: bool
) -> tuple[list[dict[str, Any]], int]:
    """Return alarms that changed after number `after`, oldest first, and up to which number.

    From the beginning: those that are on, worst first, at most `MOST`.
    """
    if after:
        found: Iterable[Alarm] = alarms.filter(seq__gt=after).order_by("seq")[:MOST]
    else:
        on = alarms.filter(listing.on_q()).exclude(listing.shelved_q())
        found = worst_first(on)[:MOST]
    rows = [told(alarm, scope, named=named) for alarm in found]
    return rows, max((row["seq"] for row in rows), default=after)


# Of a device: on its page, and as spans on its charts.
ON_PAGE, ON_CHARTS = 10, 200


def on_device(device: Device, scope: Scope) -> list[Alarm]:
    """Return what is on of a device, worst first."""
    found = listing.visible(scope).filter(listing.on_q(), device=device)
    return list(worst_first(found.exclude(listing.shelved_q()))[:ON_PAGE])


def spans_of(device: Device) -> list[Episode]:
    """Return the newest spans in which a rule was broken on a device, with their alarms."""
    found = Episode.objects.filter(alarm__device=device, alarm__withdrawn_at=None)
    return list(found.select_related("alarm").order_by("-since")[:ON_CHARTS])


def _ms(when: Any) -> int | None:
    return None if when is None else round(when.timestamp() * 1_000)
