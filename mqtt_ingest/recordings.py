"""Reading recordings (CSV, JSON Lines) as packets of one device each."""

import csv
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from devices.imports import numbers, times
from devices.imports.times import COLUMNS as TIME_COLUMNS
from mqtt_ingest.core.errors import BadTime
from mqtt_ingest.core.times import parse_time


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
    with path.open(encoding="utf-8-sig") as file:
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
            yield Record(ts, {key: item for key, item in row.items() if _is_storable(item)})


def _read_csv(path: Path, how: Reading) -> Iterator[Record]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        header = [name.strip() for name in next(rows, [])]
        columns = _time_columns(path, header)
        for number, row in enumerate(rows, 2):
            if not any(cell.strip() for cell in row):
                continue
            # Some programs write a row number in front and no name for it.
            cells = row[1:] if len(row) == len(header) + 1 else row
            named = dict(zip(header, cells, strict=False))
            try:
                ts = _time(" ".join(named.pop(column).strip() for column in columns), how)
            except (BadTime, ValueError, KeyError) as error:
                raise BadRecordingError(f"{path}, line {number}: {error}") from error
            yield Record(ts, dict(_values(named, how)))


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


def _is_storable(value: Any) -> bool:
    """Return whether `value` is no NaN or Infinity, which JSON does not know."""
    return not isinstance(value, float) or math.isfinite(value)


def _time(value: Any, how: Reading) -> int:
    """Return a time in µs; text without a zone is in the recording's zone."""
    if not isinstance(value, str):
        return parse_time(value)
    return times.parse(value, ZoneInfo(how.zone))
