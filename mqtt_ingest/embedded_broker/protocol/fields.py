"""The data types of MQTT packets: read from bytes, and written (MQTT 5.0, section 1.5)."""

import struct

from mqtt_ingest.embedded_broker.protocol.errors import malformed

_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")
# The largest value of a variable byte integer.
MAX_VARIABLE = 268_435_455


class Fields:
    """A packet's body, read from its beginning to its end."""

    __slots__ = ("_at", "_data", "_stop")

    def __init__(self, data: bytes, at: int = 0, stop: int | None = None) -> None:
        """Read `data[at:stop]`."""
        self._data, self._at = data, at
        self._stop = len(data) if stop is None else stop

    @property
    def left(self) -> int:
        """Return how many bytes are left."""
        return self._stop - self._at

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes.

        Raises:
            ProtocolError: there are less.
        """
        start, self._at = self._at, self._at + length
        if self._at > self._stop:
            raise malformed("a packet ends in the middle of a field")
        return self._data[start : self._at]

    def byte(self) -> int:
        """Return a byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Return a two byte integer."""
        return int(_U16.unpack(self.take(2))[0])

    def u32(self) -> int:
        """Return a four byte integer."""
        return int(_U32.unpack(self.take(4))[0])

    def variable(self) -> int:
        """Return a variable byte integer [MQTT-1.5.5-1]."""
        value = 0
        for place in range(4):
            byte = self.byte()
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                if byte == 0 and place:
                    raise malformed("an integer has more bytes than it needs")
                return value
        raise malformed("an integer of more than four bytes")

    def binary(self) -> bytes:
        """Return binary data, whose length comes before it."""
        return self.take(self.u16())

    def text(self) -> str:
        """Return a text [MQTT-1.5.4-1], [MQTT-1.5.4-2]."""
        try:
            found = self.binary().decode()
        except UnicodeDecodeError:
            raise malformed("a text is not UTF-8") from None
        if "\0" in found:
            raise malformed("a text has a NUL character")
        return found

    def part(self, length: int) -> "Fields":
        """Return the next `length` bytes to be read by themselves, and go on behind them."""
        start, self._at = self._at, self._at + length
        if self._at > self._stop:
            raise malformed("a packet ends in the middle of a field")
        return Fields(self._data, start, self._at)

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(self.left)

    def end(self) -> None:
        """Make sure that nothing is left.

        Raises:
            ProtocolError: something is.
        """
        if self.left:
            raise malformed("a packet is longer than what it holds")


def u16(value: int) -> bytes:
    """Return a two byte integer."""
    return _U16.pack(value)


def u32(value: int) -> bytes:
    """Return a four byte integer."""
    return _U32.pack(value)


def variable(value: int) -> bytes:
    """Return a variable byte integer, in as few bytes as may be."""
    if value < 128:
        return bytes((value,))
    found = bytearray()
    while True:
        value, digit = value >> 7, value & 127
        found.append(digit | (128 if value else 0))
        if not value:
            return bytes(found)


def binary(value: bytes) -> bytes:
    """Return binary data with its length."""
    return _U16.pack(len(value)) + value


def text(value: str) -> bytes:
    """Return a text with its length."""
    return binary(value.encode())
