"""Numbers in files: with a decimal point or comma, and with marks between thousands."""

import math
import re

_POINT = re.compile(r"[+-]?(\d+\.?\d*|\d{1,3}(,\d{3})+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}([. ]\d{3})+)(,\d+)?([eE][+-]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.IGNORECASE)
# What can be nothing but a decimal comma, and nothing but a decimal point.
_SURELY_COMMA = re.compile(
    r"[+-]?(\d+|\d{1,3}(\.\d{3})+),(\d{1,2}|\d{4,})([eE][+-]?\d+)?", re.ASCII
)
_MAYBE_COMMA = re.compile(r"[+-]?\d{1,3},\d{3}", re.ASCII)
_SURELY_POINT = re.compile(
    r"[+-]?(\d+|\d{1,3}(,\d{3})+)?\.(\d{1,2}|\d{4,})([eE][+-]?\d+)?", re.ASCII
)


def number(text: str, decimal: str = ".") -> float | None:
    """Return the number that `text` is; None where it is none, or not finite."""
    if decimal == ",":
        if not _COMMA.fullmatch(text):
            return None
        text = text.replace(".", "").replace(" ", "").replace(",", ".")
    elif not _POINT.fullmatch(text):
        return None
    found = float(text.replace(",", ""))
    return found if math.isfinite(found) else None


def is_infinite(text: str) -> bool:
    """Return whether `text` stands for Infinity or for no number."""
    return _INFINITE.fullmatch(text) is not None


def decimal_of(cells: list[str], delimiter: str) -> str:
    """Return the decimal mark that `cells` have: a point or a comma.

    1,234 alone may be either: between semicolons and tabs it is taken for a decimal comma,
    between commas for a thousand.
    """
    if any(_SURELY_POINT.fullmatch(cell) for cell in cells):
        return "."
    if any(_SURELY_COMMA.fullmatch(cell) for cell in cells):
        return ","
    is_likely = delimiter in {";", "\t"} and any(_MAYBE_COMMA.fullmatch(cell) for cell in cells)
    return "," if is_likely else "."
