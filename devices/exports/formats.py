"""Rows as bytes.

A CSV cell of text that a spreadsheet would take for a formula gets an apostrophe in
front (OWASP, "CSV Injection"); imports take it off again.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson

from devices.queries import Value
from devices.timestamps import moment

READING = ("time", "device", "metric", "kind", "unit", "value")
BUCKET = (
    *("time", "end", "device", "metric", "unit", "count", "min", "max", "mean", "first", "last"),
    *("increase", "seconds"),
)
# With the full-width forms, which some spreadsheets take for the same.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'", *"\uff1d\uff0b\uff0d\uff20")
# Where a spreadsheet parts cells at other signs than commas, one may begin in the middle.
_BEGINS = r"(?=[=+\-@'\uff1d\uff0b\uff0d\uff20])"
_INSIDE, _GUARDED = re.compile(rf"([;\t\r\n]){_BEGINS}"), re.compile(rf"([;\t\r\n])'{_BEGINS}")


class Format(Protocol):
    """Makes bytes of rows; what `begin`, `rows` and `end` return is the file."""

    def begin(self) -> bytes:
        """Return what comes before all rows."""
        ...

    def rows(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Return rows, each in the order of the columns."""
        ...

    def end(self) -> bytes:
        """Return what comes after all rows."""
        ...


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    text = _INSIDE.sub(r"\1'", text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def unguarded(text: str) -> str:
    """Return what `guarded` was given."""
    text = text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
    return _GUARDED.sub(r"\1", text)


def kind_of(value: Value) -> str:
    """Return the kind of one value."""
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def written(ts: int, zone: ZoneInfo) -> str:
    """Return a time (µs) in ISO 8601 with its offset."""
    return moment(ts).astimezone(zone).isoformat()


class Csv:
    """RFC 4180, UTF-8, with a header."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns

    def begin(self) -> bytes:
        """Return the header."""
        return f"{','.join(self._columns)}\r\n".encode()

    def rows(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Return a line for each row."""
        out = io.StringIO()
        csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
        return out.getvalue().encode()

    def end(self) -> bytes:
        """Return nothing."""
        return b""


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


class JsonLines:
    """One JSON object a line."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns

    def begin(self) -> bytes:
        """Return nothing."""
        return b""

    def rows(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Return a line for each row."""
        return b"".join(
            orjson.dumps(
                dict(zip(self._columns, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE
            )
            for row in rows
        )

    def end(self) -> bytes:
        """Return nothing."""
        return b""


def format_of(name: str, *, bucketed: bool) -> Format:
    """Return the format of that name."""
    columns = BUCKET if bucketed else READING
    if name == "csv":
        return Csv(columns)
    if name == "jsonl":
        return JsonLines(columns)
    from devices.exports.parquet import Parquet

    return Parquet(bucketed=bucketed)


TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
