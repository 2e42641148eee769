"""The job that imports a file: read in steps, stored by `mqtt_ingest.import_rows`.

A step stores its lines first and is noted afterwards: one that is done twice changes nothing.
"""

import contextlib
import csv
import io
import time
from collections.abc import Iterable
from typing import Any, Protocol

from devices.exports.formats import guarded
from devices.imports.mapping import HEAD, Mapping, columns_of, units_of
from devices.imports.parser import Line, Problem, Reader
from devices.imports.timestamps import LocalTimes
from devices.jobs import files
from devices.jobs.runner import Progress, Work
from devices.models import Job
from devices.queries import calendars
from devices.storage import dialects
from devices.storage.writer import Fenced, FencedWriter
from devices.words import counted
from mqtt_ingest.import_rows import Allowed, LineWriter

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


class ImportWork(Work):
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
        self._writer: FencedWriter | None = None

    def step(self) -> Progress:
        """Read and store the next lines.

        Raises:
            JobFailed: the person may not write anything any more.
        """
        writer = self._leased()
        if writer is None:
            return self._progress(self._position, b"", waits=True)
        allowed = Allowed(self._user, create=self._mapping.create)
        lines, reader, ended = self._read()
        problems = [problem for line in lines for problem in line.problems]
        try:
            counts, more = LineWriter(writer, self._mapping.device).store(lines, allowed)
        except Fenced:
            self._writer = None
            with contextlib.suppress(Fenced):
                writer.look_back("an import was fenced")
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
            self._writer.release()
            self._writer = None

    def _leased(self) -> FencedWriter | None:
        """Return the writer, with its lease; None while another import has it."""
        if self._writer is not None:
            try:
                self._writer.renew()
            except Fenced:
                self._writer = None
        if self._writer is None:
            writer = FencedWriter(WRITER, dialects.dialect())
            self._writer = writer if writer.acquire(self._holder) else None
        return self._writer

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
