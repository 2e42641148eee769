"""A file's records: lines of JSON, or rows of CSV, whose cells may hold line ends.

A quotation mark that is never closed costs its own line alone: what follows is read as
lines of their own.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_LINE = 1_000_000
# Lines that one row of CSV may have.
MAX_LINES = 100


class Record(NamedTuple):
    """The first line's number, and its cells (one of JSON), or what is wrong with it."""

    line: int
    cells: list[str]
    problem: str = ""


class Records:
    """Reads records; `offset` is the byte after the last one, `number` the last line's number."""

    def __init__(self, pieces: Iterable[bytes], encoding: str, offset: int, number: int) -> None:
        """Prepare.

        Args:
            pieces: of the file, from `offset` on.
            encoding: of its text.
            offset: of the first byte.
            number: of the line before it.
        """
        self.offset = offset
        self.number = number
        self._encoding = encoding
        self._lines = _split(pieces)
        # Lines that were looked at already.
        self._ahead: deque[bytes] = deque()

    def skip(self, lines: int) -> None:
        """Pass over the next `lines` lines, whatever they hold."""
        for _number in range(lines):
            line = self._next()
            if line is not None:
                self._take(line)

    def json(self) -> Iterator[Record]:
        """Yield each line that is not empty."""
        while (line := self._next()) is not None:
            self._take(line)
            record = self._decoded([line], self.number)
            if record.problem or record.cells[0].strip():
                yield record

    def csv(self, delimiter: str) -> Iterator[Record]:
        """Yield each row that is not empty."""
        while (line := self._next()) is not None:
            self._take(line)
            first = self.number
            record = self._row([line], first, delimiter)
            if record is None:
                record = self._longer(line, first, delimiter)
            if record.problem or any(cell.strip() for cell in record.cells):
                yield record

    def _longer(self, line: bytes, first: int, delimiter: str) -> Record:
        """Return a row that goes on in the next lines; they are put back if it never ends.

        Each line is looked at once, however many there are.
        """
        lines = [line]
        try:
            cells = next(csv.reader(self._following(lines), delimiter=delimiter, strict=True))
        except csv.Error as error:
            if "unexpected end" in str(error):
                self._ahead.extendleft(reversed(lines[1:]))
                return Record(first, [], "a quotation mark is not closed")
            record = self._row(lines, first, delimiter) or Record(first, [], str(error))
        except UnicodeDecodeError:
            record = self._decoded(lines, first)
        else:
            record = Record(first, cells)
        for taken in lines[1:]:
            self._take(taken)
        return record

    def _following(self, lines: list[bytes]) -> Iterator[str]:
        """Yield the text of `lines` and of the lines after them, which are added, up to a bound."""
        size, encoding = len(lines[0]), self._encoding
        yield lines[0].decode(encoding)
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        while len(lines) < MAX_LINES and size < MAX_LINE:
            more = self._next()
            if more is None:
                return
            lines.append(more)
            size += len(more)
            yield more.decode(encoding)

    def _row(self, lines: list[bytes], first: int, delimiter: str) -> Record | None:
        """Return the row of `lines`; None where it goes on."""
        decoded = self._decoded(lines, first)
        if decoded.problem:
            return decoded
        text = decoded.cells[0]
        try:
            return Record(first, next(csv.reader([text], delimiter=delimiter, strict=True), []))
        except csv.Error as error:
            if "unexpected end" in str(error):
                return None
        try:
            return Record(first, next(csv.reader([text], delimiter=delimiter), []))
        except csv.Error as error:
            return Record(first, [], str(error))

    def _decoded(self, lines: list[bytes], first: int) -> Record:
        encoding = self._encoding
        if first > 1 and encoding == "utf-8-sig":
            encoding = "utf-8"
        raw = b"".join(lines)
        if len(raw) > MAX_LINE:
            return Record(first, [], f"a line has at most {MAX_LINE} bytes")
        try:
            return Record(first, [raw.decode(encoding)])
        except UnicodeDecodeError as error:
            return Record(first, [], f"not {self._encoding}: byte {error.start + 1} of the line")

    def _next(self) -> bytes | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _take(self, line: bytes) -> None:
        self.offset += len(line)
        self.number += 1


def _split(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with their ends; one that is too long comes in parts."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"
        if len(rest) > MAX_LINE:
            yield rest
            rest = b""
    if rest:
        yield rest
