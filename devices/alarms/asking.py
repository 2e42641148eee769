"""What a rule asks of one series, as numbers: its limits in the unit of the series."""

from collections.abc import Sequence
from datetime import UTC

from devices import datetime_texts
from devices.alarms.core.conditions import (
    Changes,
    Condition,
    Difference,
    Equals,
    Missing,
    Outside,
    Rate,
    Stuck,
)
from devices.alarms.core.evaluation import Asked
from devices.alarms.core.schedule import DAY_MINUTES, Schedule
from devices.alarms.core.signals import Span, joined
from devices.alarms.models import OwnLimits, Rule
from devices.alarms.models.rules import Kind
from devices.unit_conversion import Conversion, conversion

SECOND = 1_000_000
_AS_IT_IS = Conversion("", 1.0, 0.0)


class Unfit(Exception):
    """The limits of a rule are in a unit that the values of a series have none of."""


def asked(
    rule: Rule, unit: str, own: OwnLimits | None = None, maintenance: Sequence[Span] = ()
) -> Asked:
    """Return what `rule` asks.

    Args:
        rule: it.
        unit: of the series.
        own: the limits of the device.
        maintenance: spans in which nothing is raised.

    Raises:
        Unfit: limits in its unit are none of this series.
    """
    schedule = schedule_of(rule)

    def suppressed(since: int, until: int) -> list[Span]:
        spans = [span for span in maintenance if span[0] < until and span[1] > since]
        return joined([*spans, *(schedule.off(since, until) if schedule else ())])

    is_momentary = rule.kind in {Kind.MISSING, Kind.CHANGES}
    return Asked(
        condition_of(rule, unit, own),
        0 if rule.kind == Kind.CHANGES else rule.for_s * SECOND,
        0 if is_momentary and rule.kind == Kind.MISSING else rule.clear_s * SECOND,
        rule.since,
        suppressed,
    )


def condition_of(rule: Rule, unit: str, own: OwnLimits | None = None) -> Condition:
    """Return the condition of `rule` for values in `unit`.

    Raises:
        Unfit: limits in its unit are none of this series.
    """
    low, high = rule.low, rule.high
    if own is not None:
        low = low if own.low is None else own.low
        high = high if own.high is None else own.high
    to = _conversion(rule.unit, unit)
    near = rule.hysteresis * abs(to.scale)
    window = rule.window_s * SECOND
    match rule.kind:
        case Kind.ABOVE | Kind.BELOW | Kind.OUTSIDE:
            return Outside(_of(to, low), _of(to, high), near)
        case Kind.EQUALS:
            return Equals.parse(rule.words)
        case Kind.CHANGES:
            return Changes(Equals.parse(rule.words))
        case Kind.RATE:
            return Rate(window, _by(to, high), _by(to, low))
        case Kind.STUCK:
            return Stuck(window, near)
        case Kind.DIFFERENCE:
            return Difference(Outside(_by(to, low), _by(to, high), near))
    return Missing()


def _conversion(unit: str, wanted: str) -> Conversion:
    if unit in {"", wanted}:
        return _AS_IT_IS
    found = conversion(unit, wanted)
    if found is None:
        raise Unfit(f"limits in {unit} do not fit values in {wanted or 'no unit'}")
    return found


def _of(to: Conversion, limit: float | None) -> float | None:
    return None if limit is None else to.of(limit)


def _by(to: Conversion, limit: float | None) -> float | None:
    return None if limit is None else limit * abs(to.scale)


def schedule_of(rule: Rule) -> Schedule | None:
    """Return when `rule` is in force; None: always."""
    if not rule.days and rule.starts is None:
        return None
    days = frozenset(int(day) - 1 for day in rule.days or "1234567")
    zone = datetime_texts.zone_of(rule.zone) if rule.zone else UTC
    if rule.starts is None or rule.ends is None:
        return Schedule(days, 0, DAY_MINUTES, zone)
    start, end = (time.hour * 60 + time.minute for time in (rule.starts, rule.ends))
    return Schedule(days, start, end, zone)
