"""Storing imported files, by the writer that stores packets: idempotent, in steps.

Each line is an entry of a batch of the writer `import`, so that partitions, conflicts,
newest values, the change log and retention are those of packets. A step stores its
batch first and is noted afterwards: one that is done twice changes nothing.
"""

import csv
import io
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.contrib.auth import get_user_model
from django.db.models import Q

from devices import registry
from devices.access import Scope, scope_of
from devices.exports.formats import guarded
from devices.imports.mapping import HEAD, Mapping, columns_of, units_of
from devices.imports.parser import Line, Problem, Reader
from devices.imports.timestamps import LocalTimes
from devices.jobs import files
from devices.jobs.runner import JobFailed, Progress
from devices.models import Device, Job, Series, Source, Writer
from devices.models.registry import KEY_PATTERN
from devices.queries import calendars
from devices.storage import dialects
from devices.words import counted
from mqtt_ingest.core.errors import SlotLost
from mqtt_ingest.core.packets import Batch, Decoded, Entry, Packet, Sample
from mqtt_ingest.storing import slot_leases
from mqtt_ingest.storing.registry_cache import DeviceRef, Registry
from mqtt_ingest.storing.slot_writer import SlotWriter

WRITER = "import"
LINES, POINTS, SECONDS = 2_000, 5_000, 0.5
# Errors that are written down; the rest is counted.
MAX_ERRORS = 10_000
COUNTED = ("lines", "stored", "known", "expired", "bad")


class Content(Protocol):
    """The file that is imported."""

    def pieces(self, start: int) -> Iterable[bytes]:
        """Yield the bytes from `start` on."""
        ...

    @property
    def size(self) -> int:
        """Return how many bytes it has."""
        ...


class JobContent:
    """The file that was uploaded for a job."""

    def __init__(self, job: int) -> None:
        self._job = job
        self.size = files.size(job, files.IN)

    def pieces(self, start: int) -> Iterable[bytes]:
        """Yield the bytes from `start` on."""
        return files.pieces(self._job, files.IN, start)


class KeyedRegistry(Registry):
    """Devices by their key; those that may not be written to are unknown."""

    def __init__(self, allowed: "Allowed") -> None:
        super().__init__()
        self._allowed = allowed

    def _learn_source(self, source: Source, native_ids: list[str]) -> None:
        devices = self._allowed.devices(native_ids)
        found = self._refs({device.key: device for device in devices})
        self._keep(source.name, native_ids, found, "registration")


class Allowed:
    """Which devices somebody may import into."""

    def __init__(self, user: int, *, create: bool) -> None:
        """Prepare; `user` 0 is the command line, which may do all."""
        self._user = user
        self._create = create
        self.scope = self._scope()

    def _scope(self) -> Scope:
        if not self._user:
            return Scope(everything=True)
        user = get_user_model()._default_manager.filter(pk=self._user).first()  # noqa: SLF001
        if user is None or not user.is_active:
            raise JobFailed("whoever asked for it is not a user any more")
        return scope_of(user)

    def devices(self, keys: Sequence[str]) -> list[Device]:
        """Return those of `keys` that exist and may be changed; made where that is wanted."""
        if self._create and self.scope.everything:
            known = set(Device.objects.filter(key__in=keys).values_list("key", flat=True))
            good = [key for key in keys if key not in known and _is_key(key)]
            Device.objects.bulk_create([Device(key=key) for key in good], ignore_conflicts=True)
            if good:
                registry.changed()
        writable = Q() if self.scope.everything else Q(site_id__in=self.scope.operated)
        return list(self.scope.devices().filter(writable, key__in=keys))


def _is_key(key: str) -> bool:
    return re.fullmatch(KEY_PATTERN, key) is not None


class ImportWork:
    """Reads and stores an uploaded file; a position is the byte where it goes on."""

    def __init__(self, job: Job, content: Content | None = None) -> None:
        """Prepare; `content` where the file is not one of the job's own."""
        self._holder = f"{WRITER}-{job.pk}-{time.monotonic_ns()}"
        self._mapping = Mapping(**job.options["mapping"])
        self._user: int = job.options.get("user", 0)
        self._content = content or JobContent(job.pk)
        self._position: dict[str, Any] = job.position or {"offset": 0, "line": 0, "errors": 0}
        self._columns: list[str] = []
        self._units: dict[str, str] = {}
        self._zone = calendars.zone_of(self._mapping.zone)
        self._local = LocalTimes(self._zone)
        self._writer: SlotWriter | None = None

    def step(self) -> Progress:
        """Read and store the next lines.

        Raises:
            JobFailed: the person may not write anything any more.
        """
        if not self._leased():
            return self._progress(self._position, b"", waits=True)
        allowed = Allowed(self._user, create=self._mapping.create)
        lines, reader, ended = self._read()
        problems = [problem for line in lines for problem in line.problems]
        try:
            counts, more = self._store(lines, allowed)
        except SlotLost:
            self._writer = None
            return self._progress(self._position, b"", waits=True)
        problems = sorted([*problems, *more])
        position = dict(self._position)
        for name in COUNTED:
            position[name] = position.get(name, 0) + counts[name]
        position["bad"] += len({problem.line for problem in problems})
        position["lines"] += len(lines)
        output = self._errors(problems, position)
        position |= {"offset": reader.offset, "line": reader.number}
        position["local"] = self._local.pack()
        self._position = position
        return self._progress(position, output, finished=ended)

    def release(self) -> None:
        """Let another import begin at once."""
        if self._writer is not None:
            slot_leases.release(WRITER, self._writer.epoch)
            self._writer = None

    # --- the writer ---------------------------------------------------------
    def _leased(self) -> bool:
        dialect = dialects.dialect()
        if self._writer is not None and slot_leases.renew(WRITER, self._writer.epoch, dialect):
            return True
        epoch = slot_leases.acquire(WRITER, self._holder, dialect)
        if epoch is None:
            return False
        self._writer = SlotWriter(WRITER, dialect, replaying=True, counting=False)
        self._writer.epoch = epoch
        return True

    # --- reading ------------------------------------------------------------
    def _read(self) -> tuple[list[Line], Reader, bool]:
        """Return the next lines, the reader behind them, and whether the file has ended."""
        at = self._position
        if not self._columns:
            head = b"".join(_first(self._content.pieces(0), HEAD))
            self._columns = columns_of(head, self._mapping)
            self._units = units_of(head, self._mapping)
        # A copy: lines that are read but not stored are read again.
        self._local = LocalTimes(self._zone, at.get("local"))
        reader = Reader(
            self._mapping,
            self._columns,
            at["offset"],
            at["line"],
            local=self._local,
            units=self._units,
        )
        header = self._mapping.format == "csv" and not at["offset"]
        lines: list[Line] = []
        points, until = 0, time.monotonic() + SECONDS
        for line in reader.lines(self._content.pieces(at["offset"]), header=header):
            lines.append(line)
            points += len(line.points)
            if len(lines) >= LINES or points >= POINTS or time.monotonic() > until:
                return lines, reader, False
        return lines, reader, True

    # --- storing ------------------------------------------------------------
    def _store(self, lines: list[Line], allowed: Allowed) -> tuple[Counter[str], list[Problem]]:
        """Commit the points of `lines`; return what became of them, and what was refused."""
        counts: Counter[str] = Counter()
        writer = self._writer
        assert writer is not None
        # Rights may have changed since the last step.
        writer.registry = KeyedRegistry(allowed)
        writer.registry.version = Writer.objects.values_list("registry", flat=True).get(pk=WRITER)
        batch, entries = Batch(), list[tuple[Line, Entry]]()
        for line in lines:
            if line.points:
                entry = _entry(line)
                entries.append((line, entry))
                batch.add(entry)
        if not entries:
            return counts, []
        stored = writer.store(batch)
        # The cache may have been emptied meanwhile.
        writer.registry.learn(batch)
        self._set_units(lines, writer.registry)
        problems, taken = _judged(entries, writer.registry, self._mapping.device)
        conflicts = max(stored.conflicts, sum(e.reason == "conflict" for _line, e in entries))
        counts["stored"] = stored.readings
        counts["expired"] = stored.refused["expired"]
        # What was there already, or stands in the file twice.
        counts["known"] = max(0, taken - stored.readings - counts["expired"] - conflicts)
        return counts, problems

    def _set_units(self, lines: list[Line], known: Registry) -> None:
        """Note units of series that have none."""
        units: dict[str, dict[str, str]] = {}
        for line in lines:
            for point in line.points:
                if point.unit:
                    units.setdefault(line.device, {}).setdefault(point.metric, point.unit)
        for key, metrics in units.items():
            ref = known.device("native", key)
            if not isinstance(ref, DeviceRef):
                continue
            for metric, unit in metrics.items():
                Series.objects.filter(device_id=ref.pk, metric=metric, unit="").update(unit=unit)

    # --- telling ------------------------------------------------------------
    def _errors(self, problems: list[Problem], position: dict[str, Any]) -> bytes:
        out = io.StringIO()
        rows = csv.writer(out)
        if problems and not position["errors"]:
            rows.writerow(["line", "column", "reason"])
        room = MAX_ERRORS - position["errors"]
        rows.writerows((p.line, _safe(p.column), _safe(p.reason)) for p in problems[:room])
        position["errors"] += len(problems[:room])
        return out.getvalue().encode()

    def _progress(
        self,
        position: dict[str, Any],
        output: bytes,
        *,
        finished: bool = False,
        waits: bool = False,
    ) -> Progress:
        if finished:
            self.release()
        found = {name: position.get(name, 0) for name in COUNTED}
        known = "was" if found["known"] == 1 else "were"
        words = (
            f"{counted(found['stored'], 'reading')} stored, {found['known']} {known} there already"
        )
        if found["bad"]:
            words += f", {counted(found['bad'], 'line')} refused"
        if found["expired"]:
            words += f", {found['expired']} older than what is kept"
        return Progress(
            position=position,
            done=position["offset"],
            total=max(1, self._content.size),
            words="another import is under way" if waits else words,
            output=output,
            finished=finished,
            waits=waits,
            result=found,
        )


def _safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; nobody reads this file back."""
    return text if text.startswith("'") else guarded(text)


def _first(pieces: Iterable[bytes], size: int) -> Iterable[bytes]:
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _entry(line: Line) -> Entry:
    samples = [Sample(p.metric, p.ts, p.kind, p.value, p.text) for p in line.points]  # type: ignore[arg-type] # one of the three
    packet = Packet("", b"", time.time_ns() // 1_000, retain=True)
    return Entry(packet, "native", Decoded(line.device, samples))


def _judged(
    entries: list[tuple[Line, Entry]], known: Registry, column: str
) -> tuple[list[Problem], int]:
    """Return what was refused, and how many points were not."""
    found: list[Problem] = []
    taken = 0
    for line, entry in entries:
        ref = known.device("native", line.device)
        if not isinstance(ref, DeviceRef):
            reason = f"there is no device {line.device!r}, or you may not change it"
            found.append(Problem(line.number, column, reason))
            continue
        if not ref.enabled:
            found.append(Problem(line.number, column, f"device {line.device!r} is disabled"))
            continue
        full = [point.metric for point in line.points if point.metric not in ref.series]
        found += [
            Problem(line.number, metric, f"{line.device!r} has as many metrics as it may have")
            for metric in full
        ]
        taken += len(line.points) - len(full)
        if entry.reason:
            found.append(Problem(line.number, "", entry.detail or entry.reason))
    return found, taken
