"""Which column of a file is what: as somebody says, beginning with a guess."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from devices.exports.formats import READING
from devices.imports import layout, timestamps
from devices.imports.layout import DELIMITERS, is_date
from devices.imports.numbers import decimal_of
from devices.models.registry import valid_key
from devices.queries import calendars

# Bytes of a file that a guess looks at.
HEAD = 65_536
ENCODINGS = ("utf-8-sig", "cp1252")
MAX_COLUMNS, MAX_SKIPPED = 1_000, 1_000
# In any case.
MISSING = (
    *("nan", "null", "na", "n/a", "#n/a", "none", "nil", "unavailable", "unknown", "undef"),
    *("-", "--", "---", "?"),
    *("#div/0!", "#value!", "#ref!", "#null!", "#num!", "#name?"),
    *("#nv", "#wert!", "#bezug!", "#zahl!"),
)


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
    # Empty: nobody knows yet, and dates with slashes are not read.
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
    # Lines before the header; whether the line below it holds units.
    skip_lines: int = 0
    units_line: bool = False
    # Texts, in any case, that stand for "nothing was measured".
    missing: list[str] = field(default_factory=lambda: list(MISSING))
    # Make devices that are not registered.
    create: bool = False

    def options(self) -> dict[str, Any]:
        """Return it as a job keeps it; without what a process of the last release does not know."""
        made = asdict(self)
        return {k: v for k, v in made.items() if k not in {"skip_lines", "units_line"} or v}


def mapping_of(given: dict[str, Any], columns: Sequence[str]) -> Mapping:
    """Return a mapping, checked against the columns that there are.

    Raises:
        BadMapping: names the field, and what it may be.
    """
    check_types(given)
    made = Mapping(**given)
    if made.format == "csv" and any(is_date(name) for name in columns):
        words = "time: the first line holds values; give the file a line with column names"
        raise BadMapping(words, "time")
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


# Of a field: as many columns as a file may be mapped by.
MOST_TEXTS = 2_000


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
        elif known.type == "int" or known.type is int:
            good = type(value) is int and 0 <= value <= MAX_SKIPPED
        else:
            is_list = known.type not in {"str", str}
            good = is_list == isinstance(value, list) and all(isinstance(t, str) for t in texts)
            good = good and all(t.isprintable() or t in DELIMITERS for t in texts)
            good = good and len(texts) <= MOST_TEXTS and all(len(t) <= 1_000 for t in texts)
        if not good:
            raise BadMapping(f"{name} must be {_TYPES[str(known.type)]}", name)
    if given.get("format", "csv") not in {"csv", "jsonl"}:
        raise BadMapping("format must be csv or jsonl", "format")
    if given.get("format") != "jsonl" and given.get("delimiter", ",") not in DELIMITERS:
        raise BadMapping(f"delimiter must be one of {' '.join(DELIMITERS)}", "delimiter")
    if given.get("encoding", ENCODINGS[0]) not in ENCODINGS:
        raise BadMapping(f"encoding must be one of {', '.join(ENCODINGS)}", "encoding")


_TYPES = {
    str(bool): "true or false",
    str(int): f"a whole number from 0 to {MAX_SKIPPED}",
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
    if not made.order:
        words = "order: is 3/4/2026 the 3rd of April (dmy) or the 4th of March (mdy)? Choose"
        raise BadMapping(f"{words}; the file itself does not tell", "order")
    if made.order not in timestamps.ORDERS:
        raise BadMapping("order must be mdy, dmy or ymd", "order")
    if made.decimal not in {"", ".", ","}:
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
    found = layout.layout_of(text)
    rows, columns = found.rows, _header(found.rows)
    more = {len(row) for row in rows[1:]} == {len(columns) + 1}
    base: dict[str, Any] = {
        "delimiter": found.delimiter,
        "encoding": encoding,
        "skip_lines": found.skip_lines,
        "skip_first": more and all(row[-1].strip() for row in rows[1:]),
    }
    return _guessed(columns, base, device, rows[1:])


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
    at = [columns.index(name) + bool(base.get("skip_first")) for name in time]
    if base["encoding"] and layout.has_units_line([columns, *rows], at):
        base["units_line"], rows = True, rows[1:]
    width = max(map(len, rows), default=0)
    found = [[row[n].strip() for row in rows if n < len(row)] for n in range(width) if n not in at]
    # Empty: these rows do not tell; whoever has the whole file may.
    base["decimal"] = decimal_of(found, base.get("delimiter", ","))
    base |= {"time": time, "order": _order(at, rows)}
    base |= {"device": "" if device else named("device", "key", "sensor"), "fixed_device": device}
    rest = [name for name in columns if name and name not in {*time, base["device"]}]
    metric, value = named("metric"), named("value")
    if value and (metric or len(rest) == 1):
        return Mapping(**base, metric=metric, fixed_metric="" if metric else value, value=value)
    return Mapping(**base, metrics=rest)


def _time_columns(columns: list[str], lowered: list[str]) -> list[str]:
    day = next((name for name in timestamps.DAYS if name in lowered), None)
    clock = next((name for name in timestamps.CLOCKS if name in lowered and name != day), None)
    if day and clock:
        return [columns[lowered.index(day)], columns[lowered.index(clock)]]
    found = next((name for name in timestamps.COLUMNS if name in lowered), None)
    return [] if found is None else [columns[lowered.index(found)]]


def _by_content(columns: list[str], rows: list[list[str]]) -> list[str]:
    """Return the first column that holds dates, whatever it is called."""
    for at, name in enumerate(columns):
        cells = [row[at] for row in rows if len(row) > at and row[at].strip()]
        if name and cells and sum(map(is_date, cells)) * 2 >= len(cells):
            return [name]
    return []


def _order(at: list[int], rows: list[list[str]]) -> str:
    """Return which of day and month comes first; empty where these rows do not tell."""
    finder, is_slashed = timestamps.DateOrder(), False
    for row in rows:
        for cell in (row[n] for n in at if n < len(row)):
            is_slashed |= timestamps.needs_order(cell)
            finder.look(f"{cell}\n".encode())
    return finder.order or ("" if is_slashed else "mdy")


def _encoding(head: bytes) -> str:
    try:
        # The head may end within a character.
        head[: len(head) - 4 if len(head) >= HEAD else None].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "utf-8-sig" if len(head) >= HEAD and error.start > len(head) - 8 else "cp1252"
    return "utf-8-sig"


def _json_columns(lines: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for line in lines:
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
    return _header(_first_rows(text, mapping))


def units_of(head: bytes, mapping: Mapping) -> dict[str, str]:
    """Return the unit of each column that has one, where the file has a line of units."""
    if not mapping.units_line or mapping.format == "jsonl":
        return {}
    rows = _first_rows(head.decode(mapping.encoding, "replace"), mapping)
    units = _header(rows[1:])[bool(mapping.skip_first) :]
    pairs = zip(_header(rows), units, strict=False)
    return {name: unit.strip("[]() ")[:50] for name, unit in pairs if name not in mapping.time}


def _first_rows(text: str, mapping: Mapping) -> list[list[str]]:
    lines = text.splitlines(keepends=True)
    return layout.rows_of(lines, mapping.skip_lines, mapping.delimiter)
