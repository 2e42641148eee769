"""What of a CBOR payload is not read (RFC 8949), looked at without anything being built.

A shared reference (tags 28 and 29) lets few bytes stand for more than any memory holds, and a
whole number of any length takes as long as its length squared; names that are no whole numbers or
texts may all be alike to a dictionary, however different they are.
"""

from dataclasses import dataclass

# Decimals, and what says that it is CBOR.
_DECIMALS = frozenset({4, 5})
TAGS = _DECIMALS | {55799}
# Of a payload; of a map; and maps and lists within one another.
MAX_DECIMALS, MAX_PAIRS, MAX_NESTING = 4_000, 100, 16
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _OTHER = range(8)
_UNTIL_BREAK = 31


class CborRefused(ValueError):
    """CBOR that is not read; says what of it."""


@dataclass(slots=True)
class _Open:
    """A list or map: items that are still to come (below 0: until a break)."""

    left: int
    is_map: bool = False
    is_name_next: bool = True


def look(payload: bytes) -> None:
    """Look whether `payload` may be read.

    Raises:
        CborRefused: says what of it may not. What is cut off is not looked for.
    """
    walk = _Walk(payload)
    while walk.at < len(payload):
        walk.step()


class _Walk:
    def __init__(self, payload: bytes) -> None:
        self.at = 0
        self._payload = payload
        self._decimals = 0
        self._open: list[_Open] = []

    def step(self) -> None:
        """Go on by the head of one item; of a text or bytes by all of it."""
        major, more, length = self._head()
        if major == _OTHER and more == _UNTIL_BREAK:
            self._break()
            return
        self._look_at_name(major, more)
        if major == _TAG:
            self._look_at_tag(length)
        elif major in {_LIST, _MAP} or (major in {_BYTES, _TEXT} and more == _UNTIL_BREAK):
            self._begin(length, more, is_map=major == _MAP)
        else:
            self.at += length if major in {_BYTES, _TEXT} else 0
            self._came()

    def _head(self) -> tuple[int, int, int]:
        """Return kind, how its length is told, and that."""
        first = self._payload[self.at]
        self.at += 1
        major, more = first >> 5, first & 31
        if not 24 <= more <= 27:
            return major, more, more
        size = 1 << (more - 24)
        length = int.from_bytes(self._payload[self.at : self.at + size], "big")
        self.at += size
        return major, more, length

    def _look_at_name(self, major: int, more: int) -> None:
        is_name = bool(self._open) and self._open[-1].is_map and self._open[-1].is_name_next
        is_usual = major in {_UNSIGNED, _NEGATIVE, _TEXT} and more != _UNTIL_BREAK
        if is_name and not is_usual:
            raise CborRefused("a name that is no whole number or text")

    def _look_at_tag(self, tag: int) -> None:
        self._decimals += tag in _DECIMALS
        if tag not in TAGS or self._decimals > MAX_DECIMALS:
            raise CborRefused(f"tag {tag}")

    def _begin(self, length: int, more: int, *, is_map: bool) -> None:
        if is_map and more != _UNTIL_BREAK and length > MAX_PAIRS:
            raise CborRefused(f"a map of {length} pairs")
        if len(self._open) >= MAX_NESTING:
            raise CborRefused("lists within lists")
        left = -1 if more == _UNTIL_BREAK else length * (2 if is_map else 1)
        if left:
            self._open.append(_Open(left, is_map))
        else:
            self._came()

    def _break(self) -> None:
        if self._open and self._open[-1].left < 0:
            self._open.pop()
            self._came()
        else:
            # No CBOR from here on: whoever reads it says so.
            self.at = len(self._payload)

    def _came(self) -> None:
        """Note that an item came; what it was the last one of is an item itself."""
        while self._open:
            outer = self._open[-1]
            outer.is_name_next = not outer.is_name_next
            if outer.left > 0:
                outer.left -= 1
            if outer.left:
                return
            self._open.pop()
