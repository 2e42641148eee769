"""JSON as printf makes it: what is bad costs its own value, not the packet.

Read besides JSON: `+21.5`, `.5`, `5.`, `0021`, words in any case (`True`, `None`, `ON`),
superfluous commas. A value that is missing, or none of these (`nan`, `-1.#IND`, `0x1F`), is
an `Unreadable` in its place. A broken structure stays broken.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

_STRICT = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'[^,\]}:"{\[]*')
# Its parts do not overlap: what is no number is seen at once, however long it is.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAN = re.compile(r"[+-]?(nan(\(\w*\))?|inf|infinity|\d\.#\w+)", re.IGNORECASE | re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "none": None, "on": "on", "off": "off"}
# Python reads whole numbers of so many digits.
_DIGITS = 4_000
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands where a value should; `problem` says what is wrong with it."""

    problem: str


class Broken(ValueError):
    """The text is not even tolerably JSON."""


def number(text: str) -> int | float | None:
    """Return the number that `text` is, as printf may write it; None where it is none."""
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    digits = text.removeprefix("+")
    if digits.lstrip("-").isdecimal() and len(digits) < _DIGITS:
        return int(digits)
    return float(digits)


def loads(text: str, levels: int) -> object:
    """Return the one object or array in `text`, nested at most `levels` deep.

    Raises:
        Broken: it is none, or something follows it.
    """
    reader = _Reader(text, levels)
    if reader.peek() not in {"{", "["}:
        raise Broken("neither an object nor an array")
    value = reader.value()
    reader.pass_commas()
    if reader.peek():
        raise Broken("something follows the value")
    return value


class _Reader:
    """Reads `text` from `at` on."""

    def __init__(self, text: str, levels: int) -> None:
        self._text = text
        self._at = 0
        self._levels = levels

    def peek(self) -> str:
        """Return the next character that is no white space; "" at the end."""
        self._at = _end(_SPACE, self._text, self._at)
        return self._text[self._at : self._at + 1]

    def pass_commas(self) -> None:
        """Pass over superfluous commas."""
        while self.peek() == ",":
            self._at += 1

    def value(self) -> object:
        """Return the next value."""
        match self.peek():
            case "{":
                return self._nested(self._object)
            case "[":
                return self._nested(self._array)
            case '"':
                return self._string()
        return _scalar(self._token())

    def _nested(self, read: Callable[[], object]) -> object:
        self._levels -= 1
        if self._levels < 0:
            raise Broken("nested too deep")
        self._at += 1
        made = read()
        self._at += 1
        self._levels += 1
        return made

    def _token(self) -> str:
        begin, self._at = self._at, _end(_TOKEN, self._text, self._at)
        return self._text[begin : self._at].strip()

    def _string(self) -> str:
        try:
            text, self._at = _STRICT.raw_decode(self._text, self._at)
        except ValueError as error:
            raise Broken(str(error)) from error
        return str(text)

    def _object(self) -> dict[str, object]:
        made: dict[str, object] = {}
        last = ""
        while (sign := self.peek()) != "}":
            if sign == '"':
                last = self._string()
                if self.peek() != ":":
                    raise Broken("a colon is missing")
                self._at += 1
                made[last] = self.value()
            elif sign != ",":
                # {"t": 21,5}: half of a number is no value either.
                if not made or not self._token().isdecimal():
                    raise Broken("a name is missing")
                made[last] = Unreadable("a decimal comma cuts it in two")
            self._next("}")
        return made

    def _array(self) -> list[object]:
        made: list[object] = []
        while self.peek() != "]":
            made.append(self.value())
            self._next("]")
        return made

    def _next(self, end: str) -> None:
        sign = self.peek()
        if sign == ",":
            self._at += 1
        elif sign != end:
            raise Broken("a comma is missing, or it ends too early")


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def is_nan(text: str) -> bool:
    """Return whether `text` is what printf writes for Infinity or no number."""
    return _NAN.fullmatch(text) is not None


def _scalar(token: str) -> object:
    if not token:
        return Unreadable("there is no value")
    found = number(token)
    if found is not None:
        return found
    if is_nan(token):
        return math.nan
    word = token.lower()
    return _WORDS[word] if word in _WORDS else Unreadable(f"{token[:40]!r} is no value")
