"""Where the table is in a file: lines before its header, and a line of units below it."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop

from devices.imports import timestamps
from devices.imports.numbers import number

# In the order in which one is preferred, and what they are called.
DELIMITERS = {
    ",": gettext_noop("comma"),
    ";": gettext_noop("semicolon"),
    "\t": gettext_noop("tab"),
    "|": gettext_noop("bar"),
}
LOOKED_AT = 40
_SEP = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the first lines are laid out.

    Args:
        delimiter: between columns.
        skip_lines: before the header.
        rows: the header and those below it, as far as they can be read.
    """

    delimiter: str
    skip_lines: int
    rows: list[list[str]] = field(default_factory=list)


def layout_of(text: str) -> Layout:
    """Return the layout of a file that begins with `text`."""
    lines = text.splitlines(keepends=True)
    named = _SEP.fullmatch(lines[0]) if lines else None
    if named:
        delimiter = named[1] if named[1] in DELIMITERS else ","
        rest = _layout(lines[1:], delimiter)
        return Layout(delimiter, 1 + rest.skip_lines, rest.rows)
    layouts = [_layout(lines, delimiter) for delimiter in DELIMITERS]
    # The one that reads most lines as a table of most columns.
    return max(layouts, key=lambda one: sum(len(row) - 1 for row in one.rows))


def _layout(lines: list[str], delimiter: str) -> Layout:
    rows = rows_of(lines, 0, delimiter)
    widths = Counter(len(row) for row in rows[1:] if row)
    width = widths.most_common(1)[0][0] if widths else len(rows[0]) if rows else 0
    if width < 2:
        return Layout(delimiter, 0, rows)
    # A header may lack a name for the row's number.
    for at, row in enumerate(rows):
        named = sum(bool(cell.strip()) for cell in row)
        is_header = len(row) in {width, width - 1} and len(row) > 1 and named >= len(row) - 1
        below = [len(other) for other in rows[at + 1 : at + 4] if other]
        holds = [_holds_data(other) for other in (row, *rows[at + 1 : at + 4])]
        # Below the names there are data, perhaps after lines of units and of kinds.
        is_header = is_header and not (any(holds[1:]) and holds[0]) and (any(holds[1:]) or at == 0)
        if is_header and below and all(len(row) <= n <= width + 1 for n in below):
            skipped = _lines_before(lines, at, delimiter)
            return Layout(delimiter, skipped, rows_of(lines, skipped, delimiter))
    return Layout(delimiter, 0, rows)


def _lines_before(lines: list[str], at: int, delimiter: str) -> int:
    """Return how many lines the rows before row `at` take."""
    reader = csv.reader(io.StringIO("".join(lines)), delimiter=delimiter)
    for _number in range(at):
        next(reader, None)
    return reader.line_num


def rows_of(lines: list[str], skip: int, delimiter: str) -> list[list[str]]:
    """Return the first rows after `skip` lines, as far as they can be read."""
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO("".join(lines[skip:])), delimiter=delimiter):
            found.append(row)
            if len(found) >= LOOKED_AT:
                break
    except csv.Error:
        pass  # a quotation mark that is not closed; reading says in which line
    return found


def _holds_data(row: list[str]) -> bool:
    """Return whether any cell is a date or a number."""
    return any(is_date(cell) or number(cell.strip()) is not None for cell in row)


def is_date(cell: str) -> bool:
    """Return whether `cell` is a date in any order; numbers are none, as any would be."""
    text = cell.strip()
    if not text or text.replace(".", "").isdecimal():
        return False
    for order in timestamps.ORDERS:
        try:
            timestamps.parse(text, ZoneInfo("UTC"), order)
        except ValueError:
            continue
        return True
    return False


def has_units_line(rows: list[list[str]], time: list[int]) -> bool:
    """Return whether the row below the header holds units: no time, and no number.

    Some loggers write a line of kinds (Avg, Max) below the units: it is refused as any line
    without a time is.
    """
    if len(rows) < 3 or not time:
        return False
    units, below = rows[1], rows[2:4]
    if any(len(row) <= at for row in (units, *below) for at in time):
        return False
    is_below = any(_holds_data([row[at] for at in time]) for row in below)
    words = [cell.strip() for cell in units]
    is_none = not any(is_date(cell) or number(cell) is not None for cell in words)
    return is_below and is_none and any(words)
