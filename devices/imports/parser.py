"""Lines of a file → points to store, or what is wrong in which column."""

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from devices.exports.formats import unguarded
from devices.imports import numbers, timestamps
from devices.imports.mapping import Mapping
from devices.imports.records import Records
from devices.imports.timestamps import LocalTimes
from devices.models.registry import KEY_PATTERN
from devices.queries import calendars

MAX_METRIC, MAX_TEXT, MAX_UNIT = 200, 4_096, 50
TRUE, FALSE = {"true", "on"}, {"false", "off"}
# How far ahead of now a time may lie, as with packets.
AHEAD_US = 3_600_000_000
_KEY = re.compile(KEY_PATTERN)
_POINT = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)", re.ASCII)


class Point(NamedTuple):
    """One value to store; `ts` in µs since 1970 UTC, booleans 0.0 and 1.0."""

    metric: str
    ts: int
    kind: str
    value: float | None
    text: str | None
    unit: str


class Problem(NamedTuple):
    """What is wrong with a line; `column` is empty where it is the whole of it."""

    line: int
    column: str
    reason: str


class BadCell(ValueError):
    """A cell that cannot be read."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


@dataclass(slots=True)
class Line:
    """One line: what it says of a device, and what is wrong with it."""

    number: int
    device: str = ""
    points: list[Point] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Reader:
    """Reads lines from pieces of a file; `offset` is the byte after the last one."""

    def __init__(
        self,
        mapping: Mapping,
        columns: list[str],
        offset: int,
        number: int,
        *,
        local: LocalTimes | None = None,
        units: dict[str, str] | None = None,
    ) -> None:
        """Prepare.

        Args:
            mapping: which column is what.
            columns: the header's names, of CSV.
            offset: of the first byte that is given.
            number: of the line before it.
            local: the local times of the part before, where there is one.
            units: of columns, where the file has a line of them.
        """
        self.offset = offset
        self.number = number
        self._mapping = mapping
        self._columns = columns
        self._local = local or LocalTimes(calendars.zone_of(mapping.zone))
        self._units = units or {}
        self._known = {*columns, *mapping.metrics, *mapping.time, mapping.device}
        self._missing = {text.casefold() for text in mapping.missing}
        self._latest = round(time.time() * 1e6) + AHEAD_US

    def lines(self, pieces: Iterable[bytes], *, header: bool) -> Iterator[Line]:
        """Yield each record of `pieces`; the first is the header of CSV, if `header`."""
        mapping = self._mapping
        records = Records(pieces, mapping.encoding, self.offset, self.number)
        is_json = mapping.format == "jsonl"
        skipped = 0 if is_json or not header else 1 + mapping.units_line
        if skipped:
            records.skip(mapping.skip_lines)
        for record in records.json() if is_json else records.csv(mapping.delimiter):
            self.offset, self.number = records.offset, records.number
            if skipped:
                skipped -= 1
                continue
            line = Line(record.line)
            if record.problem:
                line.problems.append(Problem(record.line, "", record.problem))
            else:
                self._read(line, record.cells)
            yield line
        self.offset, self.number = records.offset, records.number

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadCell("", f"not JSON: {error}") from error
        if not isinstance(row, dict):
            raise BadCell("", "not a JSON object")
        return row

    def _named(self, cells: list[str]) -> dict[str, Any]:
        if self._mapping.skip_first:
            cells = cells[1:]
        expected = len(self._columns)
        if any(cell.strip() for cell in cells[expected:]):
            raise BadCell("", f"{len(cells)} columns, {expected} are expected")
        return dict(zip(self._columns, cells, strict=False))

    # --- from named cells to points -----------------------------------------
    def _read(self, line: Line, cells: list[str]) -> None:
        """Fill in what `cells` say, and what is wrong with them."""
        try:
            is_json = self._mapping.format == "jsonl"
            row = self._parsed(cells[0]) if is_json else self._named(cells)
            moment = self._moment(row)
            line.device = self._device(row)
            ts = self._time(row, line.device, moment)
            if self._mapping.value:
                line.points += self._one(row, ts)
        except BadCell as error:
            line.problems.append(Problem(line.number, error.column, str(error)))
            return
        for name in self._unknown(row):
            words = "no column was named so; map it to be read (metrics)"
            line.problems.append(Problem(line.number, name, words))
        for name in self._mapping.metrics:
            try:
                unit = self._units.get(name, "")
                line.points += self._point(name, ts, row.get(name), name, unit=unit)
            except BadCell as error:
                line.problems.append(Problem(line.number, error.column, str(error)))

    def _unknown(self, row: dict[str, Any]) -> list[str]:
        """Return keys of JSON that nobody has chosen or left out, as they came later."""
        if self._mapping.format != "jsonl" or not self._mapping.metrics:
            return []
        return [name for name in row if name not in self._known and name.isprintable()]

    def _moment(self, row: dict[str, Any]) -> int | datetime:
        names = self._mapping.time
        text = " ".join(str(row.get(name, "")).strip() for name in names)
        try:
            return timestamps.read(text, self._mapping.order)
        except ValueError as error:
            raise BadCell(names[0], str(error)) from error

    def _time(self, row: dict[str, Any], device: str, moment: int | datetime) -> int:
        names, ts = self._mapping.time, moment
        if isinstance(ts, datetime):
            metric = str(row.get(self._mapping.metric)) if self._mapping.metric else ""
            try:
                ts = self._local.resolve(f"{device}/{metric}", ts)
            except ValueError as error:
                raise BadCell(names[0], str(error)) from error
        if ts < 0:
            raise BadCell(names[0], "the time lies before 1970")
        if ts > self._latest:
            raise BadCell(names[0], "the time lies in the future")
        return ts

    def _device(self, row: dict[str, Any]) -> str:
        if not self._mapping.device:
            return self._mapping.fixed_device
        key = self._unguarded(str(row.get(self._mapping.device) or "").strip())
        if not key:
            raise BadCell(self._mapping.device, "no device is named")
        if not _KEY.fullmatch(key):
            raise BadCell(self._mapping.device, f"{key[:40]!a} is no device key")
        return key

    def _one(self, row: dict[str, Any], ts: int) -> list[Point]:
        mapping = self._mapping
        metric = mapping.fixed_metric
        if mapping.metric:
            metric = self._unguarded(str(row.get(mapping.metric) or "").strip())
        kind = str(row.get(mapping.kind) or "") if mapping.kind else ""
        unit = self._unguarded(str(row.get(mapping.unit) or "")) if mapping.unit else ""
        return self._point(metric, ts, row.get(mapping.value), mapping.value, kind, unit)

    def _point(
        self, metric: str, ts: int, cell: Any, column: str, kind: str = "", unit: str = ""
    ) -> list[Point]:
        """Return the point of a cell; none where nothing was measured."""
        if not 0 < len(metric) <= MAX_METRIC or not metric.isprintable() or "*" in metric:
            raise BadCell(self._mapping.metric or column, "no metric name (1-200 characters, no *)")
        if len(unit) > MAX_UNIT or not unit.isprintable():
            raise BadCell(self._mapping.unit, f"no unit (at most {MAX_UNIT} printable characters)")
        word = str(cell).strip().casefold()
        missing = (not word or word in self._missing) and kind != "text"
        if cell is None or missing:
            return []
        found, value, text = self._value(cell, kind, column)
        return [Point(metric, ts, found, value, text, unit)]

    def _value(self, cell: Any, kind: str, column: str) -> tuple[str, float | None, str | None]:
        """Return (kind, value, text) of a cell; JSON's types and `kind` say what it is."""
        if isinstance(cell, bool):
            return "boolean", float(cell), None
        if isinstance(cell, dict | list):
            raise BadCell(column, "a list or an object is no value")
        raw = cell if isinstance(cell, str) else repr(cell)
        if kind == "text" or (isinstance(cell, str) and self._mapping.format == "jsonl"):
            return (
                "text",
                None,
                self._bounded(self._unguarded(raw) if kind == "text" else raw, column),
            )
        word = raw.strip().lower()
        if word in TRUE | FALSE:
            return "boolean", float(word in TRUE), None
        doubt = numbers.doubt(raw.strip(), self._mapping.decimal, self._mapping.delimiter)
        if doubt and not kind:
            raise BadCell(column, f"{raw[:40]!r} {doubt}")
        number = self._number(raw.strip())
        if number is not None:
            return "number", number, None
        if not isinstance(cell, str) or numbers.is_infinite(word):
            raise BadCell(column, "neither NaN nor Infinity is a value")
        if kind in {"number", "boolean"}:
            raise BadCell(column, f"{raw[:40]!r} is no {kind}")
        return "text", None, self._bounded(self._unguarded(raw.strip()), column)

    def _number(self, text: str) -> float | None:
        return numbers.number(text, self._mapping.decimal)

    def _unguarded(self, text: str) -> str:
        """Return what an export has guarded: only in CSV."""
        return unguarded(text) if self._mapping.format == "csv" else text

    def _bounded(self, text: str, column: str) -> str:
        if len(text) > MAX_TEXT or "\0" in text:
            raise BadCell(column, f"a text has at most {MAX_TEXT} characters, and no NUL")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise BadCell(column, "half of a surrogate pair is no character") from error
        if self._mapping.decimal == "," and _POINT.fullmatch(text):
            raise BadCell(column, f"{text[:40]!r} is no number with a decimal comma")
        return text
