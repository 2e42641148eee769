"""Reading recordings (CSV, JSON Lines) as packets of one device each."""

import codecs
import csv
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from devices.imports import numbers, timestamps
from devices.imports.contents import BadFile, utf16_of
from devices.imports.timestamps import COLUMNS as TIME_COLUMNS
from devices.imports.timestamps import LocalTimes
from mqtt_ingest.core.errors import BadTime
from mqtt_ingest.core.timestamps import parse_time


class BadRecordingError(Exception):
    """A file that cannot be read as a recording; says which line and why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line: its time in µs since 1970 UTC, and its values by metric."""

    ts: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read a recording."""

    zone: str = "UTC"
    # Of dates such as 3/4/2026: mdy, dmy or ymd; empty: as the whole file tells.
    order: str = ""
    # Values that stand for "nothing was measured", such as -200.
    missing: frozenset[float] = frozenset()


def device_name(path: Path) -> str:
    """Return the device that a file stands for: its name, as one topic level."""
    return re.sub(r"[/+#\0]", "_", path.stem)


def count_lines(path: Path) -> int:
    """Return how many lines a file has, for a progress bar."""
    with path.open("rb") as file:
        return sum(1 for _line in file)


def read(path: Path, how: Reading) -> Iterator[Record]:
    """Yield the records of `path`, in the order of the file.

    Raises:
        BadRecordingError: no time column, or a line that cannot be read.
    """
    json_lines = path.suffix.lower() in {".jsonl", ".ndjson", ".json"}
    yield from _read_json(path, how) if json_lines else _read_csv(path, how)


def _read_json(path: Path, how: Reading) -> Iterator[Record]:
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                name = next(key for key in row if key.lower() in TIME_COLUMNS)
                ts = _time(row.pop(name), how)
            except (ValueError, TypeError, AttributeError, StopIteration, BadTime) as error:
                reason = str(error) or "there is no time column"
                raise BadRecordingError(f"{path}, line {number}: {reason}") from error
            yield Record(ts, _storable(row))


def _read_csv(path: Path, how: Reading) -> Iterator[Record]:
    order = how.order or _order(path)
    local = LocalTimes(ZoneInfo(how.zone))
    with _opened(path) as file:
        rows = csv.reader(file)
        header = [name.strip() for name in _next(path, rows, 1) or []]
        columns = _time_columns(path, header)
        number = 1
        while (row := _next(path, rows, number + 1)) is not None:
            number += 1
            if not any(cell.strip() for cell in row):
                continue
            # Some programs write a row number in front and no name for it.
            cells = row[1:] if len(row) == len(header) + 1 else row
            named = dict(zip(header, cells, strict=False))
            try:
                text = " ".join(named.pop(column).strip() for column in columns)
                found = timestamps.read(text, order)
                ts = found if isinstance(found, int) else local.resolve("", found)
            except (BadTime, ValueError, KeyError) as error:
                hint = " (--order mdy or dmy)" if "told apart" in str(error) else ""
                raise BadRecordingError(f"{path}, line {number}: {error}{hint}") from error
            yield Record(ts, dict(_values(named, how)))


def _next(path: Path, rows: Iterator[list[str]], number: int) -> list[str] | None:
    """Return the next row; None at the end."""
    try:
        return next(rows, None)
    except csv.Error as error:
        raise BadRecordingError(f"{path}, line {number}: {error}") from error


def _order(path: Path) -> str:
    """Return whether dates begin with the day or the month; empty where none of the file tells."""
    dates = timestamps.DateOrder()
    with path.open("rb") as file:
        while piece := file.read(1_000_000):
            dates.look(piece)
    return dates.order


def _time_columns(path: Path, header: list[str]) -> list[str]:
    lowered = [name.lower() for name in header]
    if "date" in lowered and "time" in lowered:
        return [header[lowered.index("date")], header[lowered.index("time")]]
    for name in TIME_COLUMNS:
        if name in lowered:
            return [header[lowered.index(name)]]
    raise BadRecordingError(
        f"{path}, line 1: no time column. One of {', '.join(TIME_COLUMNS)} is expected; "
        f"there are {', '.join(header) or 'none'}."
    )


def _values(named: dict[str, str], how: Reading) -> Iterator[tuple[str, Any]]:
    for name, cell in named.items():
        text = cell.strip()
        if not name or not text:
            continue
        number = numbers.number(text)
        if number is None:
            # What is no number at all, as sensors write it, is no reading.
            if not numbers.is_infinite(text):
                yield name, text
        elif number not in how.missing:
            yield name, number


def _storable(value: Any) -> Any:
    """Return `value` without NaN and Infinity, which JSON does not know, at any depth."""
    if isinstance(value, dict):
        return {k: _storable(item) for k, item in value.items() if not _is_nan(item)}
    if isinstance(value, list):
        return [None if _is_nan(item) else _storable(item) for item in value]
    return value


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """Open a recording as text: UTF-8, UTF-16 or Windows-1252.

    Raises:
        BadRecordingError: it is no text.
    """
    with path.open("rb") as file:
        head = file.read(65_536)
    try:
        encoding = utf16_of(head)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding = "utf-16"
    except BadFile as error:
        raise BadRecordingError(f"{path}: {error}") from error
    if not encoding:
        encoding = "utf-8-sig" if _is_utf8(path) else "cp1252"
    with path.open(encoding=encoding, errors="replace", newline="") as opened:
        yield opened


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(1_000_000):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _time(value: Any, how: Reading) -> int:
    """Return a time in µs; text without a zone is in the recording's zone."""
    if not isinstance(value, str):
        return parse_time(value)
    return timestamps.parse(value, ZoneInfo(how.zone))
