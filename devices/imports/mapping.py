"""Which column of a file is what: as somebody says, beginning with a guess."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop

from devices import calendars
from devices.exports.formats import READING
from devices.imports import times
from devices.models.registry import valid_key

DELIMITERS = {
    ",": gettext_noop("comma"),
    ";": gettext_noop("semicolon"),
    "\t": gettext_noop("tab"),
    "|": gettext_noop("bar"),
}
# Bytes of a file that a guess looks at.
HEAD = 65_536
LOOKED_AT = 20
ENCODINGS = ("utf-8-sig", "cp1252")
MAX_COLUMNS = 1_000
_COMMA = re.compile(r"-?(\d+|\d{1,3}(\.\d{3})+),\d+")


class BadMapping(Exception):
    """A mapping that cannot be; `parameter` names the field."""

    def __init__(self, detail: str, parameter: str) -> None:
        super().__init__(detail)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Mapping:
    """How lines are read.

    Either each line is one value (`value`, with `metric` a column, or one metric called
    `fixed_metric`), or each of the columns `metrics` holds a metric of that name.
    """

    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    # Columns whose texts, joined by a space, are the time: ["Date", "Time"].
    time: list[str] = field(default_factory=list)
    zone: str = "UTC"
    order: str = "mdy"
    # The column of the device's key, or the one key of all lines.
    device: str = ""
    fixed_device: str = ""
    metric: str = ""
    fixed_metric: str = ""
    value: str = ""
    kind: str = ""
    unit: str = ""
    metrics: list[str] = field(default_factory=list)
    decimal: str = "."
    # Each line begins with a cell that the header has no name for.
    skip_first: bool = False
    # Texts that stand for "nothing was measured".
    missing: list[str] = field(default_factory=lambda: ["NaN", "nan", "NULL", "null", "NA"])
    # Make devices that are not registered.
    create: bool = False

    def options(self) -> dict[str, Any]:
        """Return it as a job keeps it."""
        return asdict(self)


def mapping_of(given: dict[str, Any], columns: Sequence[str]) -> Mapping:
    """Return a mapping, checked against the columns that there are.

    Raises:
        BadMapping: names the field, and what it may be.
    """
    check_types(given)
    made = Mapping(**given)
    if not made.time:
        raise BadMapping("time: choose the column that holds the time", "time")
    named = [("time", name) for name in made.time] + [("metrics", name) for name in made.metrics]
    named += [(name, getattr(made, name)) for name in ("device", "metric", "value", "kind", "unit")]
    for name, column in named:
        if column and made.format == "csv" and columns.count(column) != 1:
            told = "there is no column" if column not in columns else "two columns are called"
            raise BadMapping(f"{name}: {told} {column!r}", name)
    if bool(made.metrics) == bool(made.value):
        raise BadMapping(
            "choose either a column of values, or columns that each hold a metric", "value"
        )
    if made.value and not (made.metric or made.fixed_metric):
        raise BadMapping(
            "metric: choose the column of metrics, or name one for all lines", "metric"
        )
    _check_rest(made)
    return made


def check_types(given: dict[str, Any]) -> None:
    """Refuse fields that do not exist, and values of another type."""
    for name, value in given.items():
        known = Mapping.__dataclass_fields__.get(name)
        if known is None:
            names = ", ".join(Mapping.__dataclass_fields__)
            raise BadMapping(f"there is no field {name}; there are {names}", name)
        texts = value if isinstance(value, list) else [value]
        if known.type == "bool" or known.type is bool:
            good = isinstance(value, bool)
        else:
            is_list = known.type not in {"str", str}
            good = is_list == isinstance(value, list) and all(isinstance(t, str) for t in texts)
            good = good and all(t.isprintable() or t in DELIMITERS for t in texts)
        if not good:
            raise BadMapping(f"{name} must be {_TYPES[str(known.type)]}", name)
    if given.get("format", "csv") not in {"csv", "jsonl"}:
        raise BadMapping("format must be csv or jsonl", "format")
    if given.get("encoding", ENCODINGS[0]) not in ENCODINGS:
        raise BadMapping(f"encoding must be one of {', '.join(ENCODINGS)}", "encoding")


_TYPES = {
    str(bool): "true or false",
    str(str): "a text of printable characters",
    str(list[str]): "a list of texts of printable characters",
}


def _check_rest(made: Mapping) -> None:
    if not made.device and not made.fixed_device:
        raise BadMapping(
            "device: choose the column of devices, or name one for all lines", "device"
        )
    if made.fixed_device:
        try:
            valid_key(made.fixed_device)
        except ValidationError as error:
            raise BadMapping(f"device: {made.fixed_device!r} is no device key", "device") from error
    if made.order not in times.FORMATS:
        raise BadMapping("order must be mdy or dmy", "order")
    if made.decimal not in {".", ","}:
        raise BadMapping("decimal must be . or ,", "decimal")
    if made.format == "csv" and made.delimiter not in DELIMITERS:
        raise BadMapping("delimiter must be one of , ; | or a tab", "delimiter")
    try:
        calendars.zone_of(made.zone)
    except ValueError as error:
        raise BadMapping(f"zone: {error}", "zone") from error


def guess(head: bytes, name: str, device: str = "") -> Mapping:
    """Return what the first bytes of a file look like; nothing in it is certain."""
    encoding = _encoding(head)
    text = head.decode(encoding, "replace")
    lines = text.splitlines()
    if name.lower().endswith((".jsonl", ".ndjson", ".json")) or text.lstrip().startswith("{"):
        columns = _json_columns(lines)
        return _guessed(columns, {"format": "jsonl", "encoding": encoding}, device, [])
    delimiter = max(DELIMITERS, key=lines[0].count) if lines else ","
    rows = _rows(text, delimiter)
    columns = _header(rows)
    cells = [cell.strip() for row in rows[1:] for cell in row]
    comma = delimiter == ";" and any(_COMMA.fullmatch(cell) for cell in cells)
    more = {len(row) for row in rows[1:]} == {len(columns) + 1}
    base: dict[str, Any] = {
        "delimiter": delimiter,
        "encoding": encoding,
        "decimal": "," if comma else ".",
    }
    base["skip_first"] = more and all(row[-1].strip() for row in rows[1:])
    return _guessed(columns, base, device, rows[1:])


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """Return the first rows, as far as they can be read."""
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            found.append(row)
            if len(found) >= LOOKED_AT:
                break
    except csv.Error:
        pass  # a quotation mark that is not closed; reading says in which line
    return found


def _header(rows: list[list[str]]) -> list[str]:
    """Return the names of the columns, as they may be shown."""
    names = [cell.strip() for cell in rows[0]] if rows else []
    return ["".join(c for c in name if c.isprintable()) for name in names[:MAX_COLUMNS]]


def _guessed(
    columns: list[str], base: dict[str, Any], device: str, rows: list[list[str]]
) -> Mapping:
    lowered = [name.lower() for name in columns]

    def named(*names: str) -> str:
        return next((columns[lowered.index(name)] for name in names if name in lowered), "")

    if set(READING) <= set(lowered):
        return Mapping(
            **base,
            time=[named("time")],
            device=named("device"),
            metric=named("metric"),
            kind=named("kind"),
            unit=named("unit"),
            value=named("value"),
            missing=[],
        )
    time = _time_columns(columns, lowered) or _by_content(columns, rows)
    base |= {"time": time, "order": _order(columns, time, rows)}
    base |= {"device": "" if device else named("device", "key", "sensor"), "fixed_device": device}
    rest = [name for name in columns if name and name not in {*time, base["device"]}]
    metric, value = named("metric"), named("value")
    if value and (metric or len(rest) == 1):
        return Mapping(**base, metric=metric, fixed_metric="" if metric else value, value=value)
    return Mapping(**base, metrics=rest)


def _time_columns(columns: list[str], lowered: list[str]) -> list[str]:
    if "date" in lowered and "time" in lowered:
        return [columns[lowered.index("date")], columns[lowered.index("time")]]
    found = next((name for name in times.COLUMNS if name in lowered), None)
    return [] if found is None else [columns[lowered.index(found)]]


def _by_content(columns: list[str], rows: list[list[str]]) -> list[str]:
    """Return the first column that holds dates, whatever it is called."""
    for at, name in enumerate(columns):
        cells = [row[at] for row in rows if len(row) > at and row[at].strip()]
        if name and cells and sum(map(_is_date, cells)) * 2 >= len(cells):
            return [name]
    return []


def _is_date(cell: str) -> bool:
    if cell.strip().replace(".", "").isdecimal():
        return False  # any number would be a time
    for order in times.FORMATS:
        try:
            times.parse(cell, ZoneInfo("UTC"), order)
        except ValueError:
            continue
        return True
    return False


def _order(columns: list[str], time: list[str], rows: list[list[str]]) -> str:
    """Return `dmy` where only that can be."""
    if not time:
        return "mdy"
    at = columns.index(time[0])
    first = [row[at].split("/")[0] for row in rows if len(row) > at and row[at].count("/") == 2]
    return "dmy" if any(part.isdecimal() and 12 < int(part) <= 31 for part in first) else "mdy"


def _encoding(head: bytes) -> str:
    try:
        # The head may end within a character.
        head[: len(head) - 4 if len(head) >= HEAD else None].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "utf-8-sig" if len(head) >= HEAD and error.start > len(head) - 8 else "cp1252"
    return "utf-8-sig"


def _json_columns(lines: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for line in lines[:LOOKED_AT]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            found |= dict.fromkeys(name for name in row if name.isprintable())
    return list(found)[:MAX_COLUMNS]


def columns_of(head: bytes, mapping: Mapping) -> list[str]:
    """Return the names of the columns of a file, from its first bytes."""
    text = head.decode(mapping.encoding, "replace")
    if mapping.format == "jsonl":
        return _json_columns(text.splitlines())
    rows = _rows(text, mapping.delimiter)
    return _header(rows)
