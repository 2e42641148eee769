"""Which rules are on which series: everything that has to be looked at when something is stored."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from devices.access import site_and_below, sites_below
from devices.alarms import numbers, outages
from devices.alarms.asking import Unfit, asked
from devices.alarms.core.evaluation import Asked
from devices.alarms.core.signals import Span, joined
from devices.alarms.models import Maintenance, OwnLimits, Rule
from devices.alarms.models.rules import Kind
from devices.models import Device, Series

# (rule pk, device pk, series pk or 0)
Key = tuple[int, int, int]
# A series: its pk and the kind of its values.
Input = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Watched:
    """A rule on one series, on two of one device, or on a device as a whole.

    Args:
        rule: it.
        device: the device's pk.
        inputs: the series that it reads.
        metric: of the first; empty: of the device as a whole.
        asked: what it asks of them.
        works: when somebody works on it (µs), so that nothing is raised.
    """

    rule: Rule
    device: int
    inputs: tuple[Input, ...]
    metric: str
    asked: Asked
    works: tuple[Span, ...] = ()

    @property
    def series(self) -> int | None:
        """Return the pk of the series that it is about."""
        return self.inputs[0][0] if self.metric else None

    @property
    def key(self) -> Key:
        """Return what tells it from others."""
        return self.rule.pk, self.device, self.series or 0

    @property
    def is_whole(self) -> bool:
        """Return whether of its series only that something comes counts."""
        return self.rule.kind == Kind.MISSING

    @property
    def is_simple(self) -> bool:
        """Return whether what is said of a point depends on that alone, at any time."""
        is_alone = len(self.inputs) == 1 or self.is_whole
        has_times = bool(self.works) or bool(self.rule.days) or self.rule.starts is not None
        return is_alone and not has_times and self.asked.condition.is_pointwise


@dataclass(slots=True)
class Watch:
    """All that is watched.

    Args:
        all: by key.
        by_series: the same, by the pk of each series that is read.
        unfit: what cannot be watched, and why, by rule.
        state: what it was made of; another one: it has to be made anew.
    """

    all: dict[Key, Watched] = field(default_factory=dict)
    by_series: dict[int, list[Watched]] = field(default_factory=dict)
    unfit: dict[int, str] = field(default_factory=dict)
    state: object = None


def state() -> tuple[int, ...]:
    """Return what changes with the rules and maintenance; a site takes its own along."""
    counts = Rule.objects.count(), Maintenance.objects.count()
    return numbers.newest(numbers.RULES), *counts


def load(away: Sequence[Span] = ()) -> Watch:
    """Return what is watched now; `away` are times in which nothing came in at all."""
    watch = Watch()
    works = _maintenance()
    for rule in Rule.objects.filter(enabled=True).select_related("site", "tag", "device"):
        try:
            for one in of_rule(rule, works, away):
                watch.all[one.key] = one
                for series, _kind in one.inputs:
                    watch.by_series.setdefault(series, []).append(one)
        except Unfit as error:
            watch.unfit[rule.pk] = str(error)
    return watch


def devices_of(rule: Rule) -> QuerySet[Device]:
    """Return the devices that `rule` is on."""
    found = Device.objects.filter(pending=False, enabled=True)
    if rule.site_id is not None:
        found = found.filter(site_id__in=site_and_below(rule.site_id))
    if rule.device_type:
        found = found.filter(device_type=rule.device_type)
    if rule.tag_id is not None:
        found = found.filter(tags=rule.tag_id)
    return found if rule.device_id is None else found.filter(pk=rule.device_id)


def series_of(rule: Rule) -> QuerySet[Series]:
    """Return the series that `rule` may be on, by device."""
    found = Series.objects.filter(device__in=devices_of(rule)).order_by("device_id", "pk")
    if not rule.metric:
        return found
    first, *others = rule.metric.split("*")
    if not others:
        return found.filter(metric=rule.metric)
    # What is left in, `is_like` looks at: nothing that is typed becomes an expression.
    return found.filter(metric__startswith=first, metric__endswith=others[-1])


def is_like(metric: str, pattern: str) -> bool:
    """Return whether `metric` is what a pattern says, in which * stands for anything."""
    first, *others = pattern.split("*")
    if not others:
        return metric == pattern
    at, end = len(first), len(metric) - len(others[-1])
    if not (metric.startswith(first) and metric.endswith(others[-1]) and at <= end):
        return False
    for part in others[:-1]:
        found = metric.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def of_rule(
    rule: Rule, works: dict[int, list[Span]] | None = None, away: Sequence[Span] = ()
) -> Iterator[Watched]:
    """Yield what `rule` watches.

    Args:
        rule: it.
        works: when somebody works on which device (pk).
        away: when nothing came in at all.

    Raises:
        Unfit: its limits fit none of its series.
    """
    own = {one.device_id: one for one in OwnLimits.objects.filter(rule_id=rule.pk)}
    unfit: Unfit | None = None
    some = False
    parts = list(_parts(rule))
    silent = _unheard({device for device, *_rest in parts}, away) if _asks_silence(rule) else {}
    for device, inputs, metric, unit in parts:
        limits = own.get(device)
        if limits is not None and limits.off:
            continue
        spans = (*(works or {}).get(device, ()), *silent.get(device, ()))
        try:
            made = asked(rule, unit, limits, spans)
        except Unfit as error:
            unfit = error
            continue
        some = True
        yield Watched(rule, device, inputs, metric, made, spans)
    if unfit is not None and not some:
        raise unfit


def _asks_silence(rule: Rule) -> bool:
    return rule.kind == Kind.MISSING


def _unheard(devices: set[int], away: Sequence[Span]) -> dict[int, list[Span]]:
    """Return when nothing could be heard of each device (pk)."""
    gateways = outages.of_gateways(devices)
    return {device: joined([*away, *gateways.get(device, ())]) for device in devices}


def _parts(rule: Rule) -> Iterator[tuple[int, tuple[Input, ...], str, str]]:
    """Yield device, inputs, metric and unit of all that `rule` is on."""
    found = series_of(rule).values_list("device_id", "pk", "kind", "metric", "unit")
    if not rule.metric:
        by_device: dict[int, list[Input]] = {}
        for device, pk, kind, _metric, _unit in found:
            by_device.setdefault(device, []).append((pk, kind))
        for device, inputs in by_device.items():
            yield device, tuple(inputs), "", ""
        return
    others: dict[int, Input] = {}
    if rule.kind == Kind.DIFFERENCE:
        second = Series.objects.filter(device__in=devices_of(rule), metric=rule.other_metric)
        others = {
            device: (pk, kind) for device, pk, kind in second.values_list("device_id", "pk", "kind")
        }
    for device, pk, kind, metric, unit in found:
        if not is_like(metric, rule.metric):
            continue
        if rule.kind != Kind.DIFFERENCE:
            yield device, ((pk, kind),), metric, unit
        elif device in others:
            yield device, ((pk, kind), others[device]), metric, unit


def _maintenance() -> dict[int, list[Span]]:
    """Return the spans in which somebody works, by device."""
    found: dict[int, list[Span]] = {}
    works = list(Maintenance.objects.all())
    if not works:
        return found
    below = sites_below()
    for work in works:
        for pk in _devices(work, below):
            found.setdefault(pk, []).append((work.since, work.until))
    return found


def _devices(work: Maintenance, below: dict[int, set[int]]) -> Iterable[int]:
    if work.device_id is not None:
        return [work.device_id]
    sites = below.get(work.site_id or 0, set())
    return Device.objects.filter(Q(site_id__in=sites)).values_list("pk", flat=True)
