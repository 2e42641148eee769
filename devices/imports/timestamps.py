"""Times in files: what `devices.datetime_texts` reads, and numbers; local ones in its order."""

import re
from collections import OrderedDict
from datetime import datetime, tzinfo
from typing import cast

from devices import datetime_texts
from devices.datetime_texts import Order, micros
from devices.imports.cells import CellFinder

# Names of columns that hold a time, in lower case.
COLUMNS = ("ts", "timestamp", "time", "date", "datetime", "date time", "zeit", "datum", "zeitpunkt")
ORDERS = ("mdy", "dmy", "ymd")
# Of a day and a time of day in two columns.
DAYS = ("date", "datum", "day", "tag", "fecha", "data")
CLOCKS = ("time", "uhrzeit", "zeit", "hour", "hora", "heure", "ora", "clock")
YEAR_2000_US = 946_684_800_000_000
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,2})?", re.ASCII)
# 20251120120000
_COMPACT = re.compile(r"((?:19|20)\d{6})(\d{2})(\d{2})(\d{2})?", re.ASCII)
# Series whose last time is remembered.
_REMEMBERED, _PACKED = 100_000, 2_000
# A date at the begin of a cell.
_SLASHED = re.compile(
    rb"(?:^|(?<=[;,\t|\"\n\r]))[ ]*(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-])"
)


def parse(text: str, zone: tzinfo, order: str = "mdy") -> int:
    """Return a time in µs since 1970 UTC; of two that a local time may be, the first.

    Args:
        text: a date and time, or a number of s, ms, µs or ns by magnitude.
        zone: of texts that name none.
        order: `mdy` or `dmy`, of dates that do not tell; empty: they are not read.

    Raises:
        ValueError: it is no time, or lies outside the calendar.
    """
    found = read(text, order)
    return found if isinstance(found, int) else micros(found.replace(tzinfo=zone))


def read(text: str, order: str) -> int | datetime:
    """Return a time in µs since 1970 UTC, or the local time that names no zone.

    Raises:
        ValueError: it is no time, or lies outside the calendar.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        compact = _COMPACT.fullmatch(text)
        if compact:
            return datetime_texts.parse(
                f"{compact[1]}T{compact[2]}{compact[3]}{compact[4] or '00'}"
            )
        ts = _of_number(int(text) if text.lstrip("-").isdecimal() else float(text))
        if ts < YEAR_2000_US:
            # 20251120 is a date to people, and a time in 1970 to programs.
            raise ValueError(f"{text!r} is a number, and as one a time before 2000")
        return ts
    try:
        moment = datetime_texts.parse(text, cast("Order", order))
    except ValueError as error:
        told = str(error)
        is_order = "cannot be told apart" in told
        raise ValueError(
            told if is_order else f"{text[:40]!r} is no time that can be read"
        ) from error
    return moment if moment.tzinfo is None else micros(moment)


def needs_order(text: str) -> bool:
    """Return whether `text` is a date that does not tell day from month."""
    try:
        read(text, "")
    except ValueError as error:
        return "cannot be told apart" in str(error)
    return False


def _of_number(value: float) -> int:
    """Read s, ms, µs or ns by magnitude, as packets are read."""
    size = abs(value)
    if size >= 1e20:
        raise ValueError("the number is no time")
    if size >= 1e17:
        return int(value // 1_000)
    factor = 1_000_000 if size < 1e11 else 1_000 if size < 1e14 else 1
    return value * factor if isinstance(value, int) else round(value * factor)


class LocalTimes:
    """Local times of a zone in the order of a file.

    When clocks are set back an hour comes twice: which of the two a line means, the lines
    before it tell. When they are set forward, times in the gap are none.
    """

    def __init__(self, zone: tzinfo, begun: dict[str, list[int]] | None = None) -> None:
        """Prepare.

        Args:
            zone: of the times.
            begun: what `pack` returned after an earlier part of the file.
        """
        self._zone = zone
        # Series -> (its last time in µs, whether times rise: 1, or fall: -1, its last step)
        self._last: OrderedDict[str, list[int]] = OrderedDict(begun or {})

    def resolve(self, series: str, moment: datetime) -> int:
        """Return a local time of `series` in µs since 1970 UTC.

        Raises:
            ValueError: there is no such time in the zone.
        """
        first = micros(moment.replace(tzinfo=self._zone, fold=0))
        second = micros(moment.replace(tzinfo=self._zone, fold=1))
        if first > second:
            words = moment.isoformat(sep=" ", timespec="minutes")
            raise ValueError(f"there is no {words} in {self._zone}: clocks were set forward")
        last, way, step = self._last.pop(series, (None, 1, 0))
        ts = first if first == second else _either(first, second, last, way, step)
        if last is not None and ts != last:
            way, step = 1 if ts > last else -1, abs(ts - last)
        self._last[series] = [ts, way, step]
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        return ts

    def pack(self) -> dict[str, list[int]]:
        """Return what the rest of the file needs: the series that came last."""
        return dict(list(self._last.items())[-_PACKED:])


def _either(first: int, second: int, last: int | None, way: int, step: int) -> int:
    if last is None:
        return first if way > 0 else second
    if last in {first, second} and step < second - first:
        return last  # another line of the same moment
    if way > 0:
        return first if first > last else second
    return second if second < last else first


class DateOrder(CellFinder):
    """Finds out of a whole file whether its dates begin with the day or the month."""

    marks = (b";", b",", b"\t", b"|", b'"', b"\n")

    def __init__(self) -> None:
        super().__init__()
        self._found: set[str] = set()

    @property
    def knows(self) -> bool:
        """Return whether dates contradict each other: no further one changes that."""
        return len(self._found) > 1

    def find(self, text: bytes) -> None:
        """Note what the dates in `text` tell."""
        for one, _mark, other, year in _SLASHED.findall(text):
            # With two digits a year may come first, too; in the middle it never is.
            if 12 < int(one) <= 31 and int(other) <= 12 and len(year) == 4:
                self._found.add("dmy")
            elif 12 < int(other) <= 31 and int(one) <= 12:
                self._found.add("mdy")

    @property
    def order(self) -> str:
        """Return `dmy` or `mdy` where all dates that tell agree; else an empty text."""
        return next(iter(self._found)) if len(self._found) == 1 else ""
