"""Whole packets out of a stream of bytes; their size is looked at before they have arrived."""

from mqtt_ingest.embedded_broker.protocol.errors import ProtocolError, malformed
from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode


class Frames:
    """Received bytes, taken out one whole control packet at a time."""

    __slots__ = ("_data", "most")

    def __init__(self, most: int) -> None:
        """Begin; packets with more than `most` bytes after their fixed header are refused."""
        self.most = most
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    @property
    def kind(self) -> int:
        """Return the type of the packet that comes next; 0: nothing has come of it."""
        return self._data[0] >> 4 if self._data else 0

    def add(self, data: bytes) -> None:
        """Append what was received."""
        self._data += data

    def clear(self) -> None:
        """Drop all."""
        self._data = bytearray()

    def take(self) -> tuple[int, bytes] | None:
        """Return the first byte and the body of the next packet, None until it is whole.

        Raises:
            ProtocolError: it is too large, or its length is none (MQTT 5.0, section 2.1.4).
        """
        data = self._data
        length = shift = 0
        for at in range(1, min(5, len(data))):
            length |= (data[at] & 127) << shift
            if data[at] < 128:
                if data[at] == 0 and at > 1:
                    raise malformed("a remaining length with more bytes than it needs")
                return self._cut(at + 1, length)
            shift += 7
        if len(data) >= 5:
            raise malformed("a remaining length of more than four bytes")
        return None

    def _cut(self, body: int, length: int) -> tuple[int, bytes] | None:
        if length > self.most:
            raise ProtocolError(
                ReasonCode.PACKET_TOO_LARGE, f"a packet of {length} bytes, {self.most} are allowed"
            )
        data, stop = self._data, body + length
        if len(data) < stop:
            return None
        found = data[0], bytes(data[body:stop])
        if stop == len(data):
            self._data = bytearray()
        else:
            del data[:stop]
        return found
