"""Storing the lines of an imported file by the fenced writer: idempotent, with a reason for each
line that is refused.

Partitions, conflicts, newest values, the change log and retention are those of packets.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, cast

from django.contrib.auth import get_user_model
from django.db import DataError, IntegrityError
from django.db.models import Q

from devices.access import ALL, Scope, scope_of
from devices.imports.parser import Line, Point, Problem
from devices.jobs.runner import JobFailed
from devices.models import Device, Series
from devices.models.registry import KEY_PATTERN
from devices.registry import edit_log
from devices.storage import change_rows, registration
from devices.storage.rows import Numbered, distinct
from devices.storage.writer import Commit, FencedWriter, RegistryMoved
from mqtt_ingest.core.descriptions import Kind
from mqtt_ingest.core.packets import SampleKind
from mqtt_ingest.core.samples import BASE, fit
from mqtt_ingest.storing import device_refs
from mqtt_ingest.storing.device_refs import DeviceRef

Refs = dict[str, DeviceRef]


class Allowed:
    """Which devices somebody may import into."""

    def __init__(self, user: int, *, create: bool) -> None:
        """Prepare; `user` 0 is the command line, which may do all."""
        self._user = user
        self._create = create
        self.scope = self._scope()

    def _scope(self) -> Scope:
        if not self._user:
            return ALL
        user = get_user_model()._default_manager.filter(pk=self._user).first()  # noqa: SLF001
        if user is None or not user.is_active:
            raise JobFailed("the user who asked for this import no longer exists or is inactive")
        return scope_of(user)

    def devices(self, keys: Sequence[str]) -> list[Device]:
        """Return those of `keys` that exist and may be changed; made where that is wanted."""
        if self._create and self.scope.adds:
            good = [key for key in keys if re.fullmatch(KEY_PATTERN, key)]
            if registration.make_devices(good, {}):
                edit_log.record(refused=True)
        writable = Q() if self.scope.changes else Q(site_id__in=self.scope.operated)
        return list(self.scope.devices().filter(writable, key__in=keys))


class Outcome(NamedTuple):
    """What became of some lines."""

    # `stored`, `known` (there already, or twice in the file), `expired`: in readings.
    counts: Counter[str]
    problems: list[Problem]


class _Given(NamedTuple):
    """A reading with the line that it comes from."""

    line: Line
    point: Point


class LineWriter:
    """Commits lines as `writer`."""

    def __init__(self, writer: FencedWriter, column: str) -> None:
        """Prepare.

        Args:
            writer: whose lease is held.
            column: that names the device; problems with the device are of that column.
        """
        self._writer = writer
        self._column = column

    def store(self, lines: Sequence[Line], allowed: Allowed) -> Outcome:
        """Commit the points of `lines`; a line that the database refuses is a problem.

        Raises:
            Fenced: another process has the writer; nothing was stored.
        """
        lines = [line for line in lines if line.points]
        if not lines:
            return Outcome(Counter(), [])
        self._writer.connect()
        try:
            return self._retrying(lines, allowed)
        except (DataError, IntegrityError) as error:
            if len(lines) == 1:
                reason = str(error).partition("\n")[0]
                return Outcome(Counter(), [Problem(lines[0].number, "", reason)])
        half = len(lines) // 2
        first, second = self.store(lines[:half], allowed), self.store(lines[half:], allowed)
        return Outcome(first.counts + second.counts, first.problems + second.problems)

    def _retrying(self, lines: Sequence[Line], allowed: Allowed) -> Outcome:
        while True:
            version = change_rows.registry_version(self._writer.name)
            with suppress(RegistryMoved):
                return self._commit(lines, _refs(lines, allowed), version)

    def _commit(self, lines: Sequence[Line], refs: Refs, version: int) -> Outcome:
        counts: Counter[str] = Counter()
        problems = [problem for line in lines for problem in self._refused(line, refs)]
        given: list[_Given] = []
        raw: list[Numbered] = []
        devices: dict[int, int] = {}
        for ref, one in _open(lines, refs):
            series = ref.series.get(one.point.metric)
            if series is None:
                continue  # among the problems
            _metric, ts, kind, value, text, _unit = one.point
            counts["taken"] += 1
            if ref.floors is not None and ts < ref.floors.get(series.pk, 0):
                counts["expired"] += 1
                continue
            value, text, _fits = fit(series.kind, cast("SampleKind", kind), value, text)
            raw.append((series.pk, ts, len(given), value, text))
            devices[series.pk] = ref.pk
            given.append(one)
        clashes: list[int] = []
        rows = distinct(raw, devices, lambda number, _series: clashes.append(number))
        written = self._writer.commit(Commit(rows, version))
        clashes += [number for number, _series in rows.numbers_of(written.conflicts)]
        problems += _conflicts([given[number] for number in clashes])
        _set_units(given, refs)
        counts["stored"] = len(written.rows)
        counts["known"] = counts.pop("taken", 0) - sum(counts.values()) - len(clashes)
        return Outcome(counts, problems)

    def _refused(self, line: Line, refs: Refs) -> Iterable[Problem]:
        """Yield what of `line` cannot be stored."""
        ref = refs.get(line.device)
        if ref is None:
            reason = f"there is no device {line.device!r}, or you may not change it"
            yield Problem(line.number, self._column, reason)
        elif not ref.enabled:
            yield Problem(line.number, self._column, f"device {line.device!r} is disabled")
        else:
            for point in line.points:
                if point.metric not in ref.series:
                    reason = f"{line.device!r} has as many metrics as it may have"
                    yield Problem(line.number, point.metric, reason)


def _open(lines: Iterable[Line], refs: Refs) -> Iterator[tuple[DeviceRef, _Given]]:
    """Yield the points of `lines` whose device takes them."""
    for line in lines:
        ref = refs.get(line.device)
        if ref is not None and ref.enabled:
            for point in line.points:
                yield ref, _Given(line, point)


def _refs(lines: Sequence[Line], allowed: Allowed) -> Refs:
    """Return the devices of `lines` that may be written to, with all series there is room for."""
    found = allowed.devices(sorted({line.device for line in lines}))
    refs = device_refs.read({device.key: device for device in found})
    wanted: dict[DeviceRef, dict[str, Kind]] = {}
    for ref, (_line, point) in _open(lines, refs):
        if point.metric not in ref.series:
            kind = BASE[cast("SampleKind", point.kind)]
            wanted.setdefault(ref, {}).setdefault(point.metric, kind)
    device_refs.make_series(wanted)
    return refs


def _conflicts(given: Iterable[_Given]) -> list[Problem]:
    """Return a problem for each line that another value stands against."""
    metrics = {one.line.number: one.point.metric for one in given}
    return [
        Problem(number, "", f"{metric} has another value for the same time already")
        for number, metric in metrics.items()
    ]


def _set_units(given: Iterable[_Given], refs: Refs) -> None:
    """Note units of series that have none."""
    units: dict[tuple[str, str], str] = {}
    for line, point in given:
        if point.unit:
            units.setdefault((line.device, point.metric), point.unit)
    for (key, metric), unit in units.items():
        Series.objects.filter(pk=refs[key].series[metric].pk, unit="").update(unit=unit)
