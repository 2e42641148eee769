"""Numbers in files: with a decimal point or comma, and with marks between thousands."""

import math
import re
from collections.abc import Iterable

from devices.imports.cells import CellFinder

# Blanks that do not break, and marks of thousands, as spreadsheets of several countries write.
_MARKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-"})
_EXPONENT = r"([eE][+-]?\d+)?"
_PLAIN = rf"(\d+(?:\.\d*)?|\.\d+){_EXPONENT}"
# Cells that are longer are no numbers that people write, and are not looked at.
LONGEST = 400
# No group of thousands begins with a zero.
_POINT = re.compile(rf"[+-]?({_PLAIN}|[1-9]\d{{0,2}}([, '])\d{{3}}(\4\d{{3}})*(\.\d*)?)", re.ASCII)
_COMMA = re.compile(
    rf"[+-]?(\d+|[1-9]\d{{0,2}}([. '])\d{{3}}(\2\d{{3}})*)(,\d+)?{_EXPONENT}", re.ASCII
)
_INFINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.IGNORECASE)
# What can be nothing but a decimal comma, and nothing but a decimal point.
_SURELY_COMMA = re.compile(
    r"[+-]?(\d+|\d{1,3}(\.\d{3})+),(\d{1,2}|\d{4,})([eE][+-]?\d+)?|[+-]?0\d*,\d+", re.ASCII
)
_MAYBE_COMMA = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_SURELY_POINT = re.compile(
    r"[+-]?(\d+|\d{1,3}(,\d{3})+)?\.(\d{1,2}|\d{4,})([eE][+-]?\d+)?|[+-]?0\d*\.\d+", re.ASCII
)
_CELL = rb"(?:^|(?<=[;\t|\"\n\r]))[ ]*"
_END = rb"[ ]*(?=[;\t|\"\r\n]|$)"
_COMMA_CELL = re.compile(_CELL + rb"[+-]?(?:\d+,(?:\d{1,2}|\d{4,})|0,\d+)" + _END)


def number(text: str, decimal: str = ".") -> float | None:
    """Return the number that `text` is; None where it is none, or not finite."""
    if len(text) > LONGEST:
        return None
    text = text.translate(_MARKS)
    if decimal == ",":
        if not _COMMA.fullmatch(text):
            return None
        text = re.sub(r"[. ']", "", text).replace(",", ".")
    elif not _POINT.fullmatch(text):
        return None
    found = float(re.sub(r"[, ']", "", text))
    return found if math.isfinite(found) else None


def is_infinite(text: str) -> bool:
    """Return whether `text` stands for Infinity or for no number."""
    return _INFINITE.fullmatch(text) is not None


def doubt(text: str, decimal: str, delimiter: str) -> str:
    """Return why `text` may be another number than it seems; "" where it is not to be doubted.

    A decimal comma in a file that is read with points, or the other way round; and 1,234,
    which is a thousand between commas, and anything between semicolons and tabs.
    """
    if len(text) > LONGEST:
        return ""
    text = text.translate(_MARKS)
    if decimal == "." and _SURELY_COMMA.fullmatch(text):
        return "is no number with a decimal point"
    if decimal == "." and delimiter in {";", "\t"} and _MAYBE_COMMA.fullmatch(text):
        return "may be a thousand or a decimal: choose the decimal mark"
    return ""


def decimal_of(columns: Iterable[list[str]], delimiter: str) -> str:
    """Return the decimal mark that `columns` of cells have; "" where they do not tell.

    Some columns may hold a point for other reasons (versions, addresses): where fields are
    not separated by commas, a column of decimal commas outweighs them.
    """
    points = commas = maybes = 0
    for cells in columns:
        told = [cell.translate(_MARKS) for cell in cells]
        point = any(_SURELY_POINT.fullmatch(cell) for cell in told)
        comma = any(_SURELY_COMMA.fullmatch(cell) for cell in told)
        points += point
        commas += comma and not point
        maybes += not point and any(_MAYBE_COMMA.fullmatch(cell) for cell in told)
    if commas and (not points or delimiter != ","):
        return ","
    if points:
        return "."
    return "," if maybes and delimiter in {";", "\t"} else ""


class DecimalComma(CellFinder):
    """Finds out of a whole file whether any cell holds a decimal comma."""

    marks = (b";", b"\t", b"|", b'"', b"\n")

    def __init__(self) -> None:
        super().__init__()
        self.found = False

    @property
    def knows(self) -> bool:
        """Return whether one was found."""
        return self.found

    def find(self, text: bytes) -> None:
        """Look for one in `text`."""
        self.found = _COMMA_CELL.search(text) is not None
