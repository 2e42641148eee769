"""MQTT control packets as bytes: PUBLISH taken out of a stream, PUBACK put into one.

Only what every telemetry packet needs; everything else of the protocol is paho's.
Sources: MQTT 3.1.1, sections 2.2.3 (remaining length), 3.3 (PUBLISH), 3.4 (PUBACK);
MQTT 5.0, section 2.2.2 (properties).
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

from mqtt_ingest.core import mqtt_properties
from mqtt_ingest.core.errors import Malformed
from mqtt_ingest.core.mqtt_properties import NONE
from mqtt_ingest.core.packets import Packet

PUBLISH = 0x30
# What a PUBLISH may have at most, where nobody says less; and from how many bytes on pieces of a
# packet are joined once, instead of with each that comes.
LONGEST, _JOINED = 268_435_455, 262_144
# What a named tuple's own constructor calls, without its detour.
_new = tuple.__new__
_PUBACK = struct.Struct(">BBH").pack


class Frame(NamedTuple):
    """A whole control packet inside `Inbox.data`: first byte, and where its body lies."""

    first: int
    start: int
    body: int
    stop: int


class Inbox:
    """Received bytes, taken out one whole control packet at a time.

    Of a PUBLISH of more than `longest` bytes the head is handed out alone, once all of it has
    come: it is too large whatever follows, and is acknowledged like any other.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self.data = b""
        self._at = 0
        self._longest = longest
        # Pieces of a large packet, and how many bytes are missing: they are joined once.
        self._pieces: list[bytes] = []
        self._missing = 0
        # The head of what is too large, and how many bytes are passed over.
        self._head = b""
        self._passed_over = 0

    def clear(self) -> None:
        """Drop everything: the connection that it came over is gone."""
        self.data, self._at, self._head = b"", 0, b""
        self._pieces, self._missing, self._passed_over = [], 0, 0

    def add(self, data: bytes) -> None:
        """Append what was received."""
        if self._passed_over:
            passed = min(self._passed_over, len(data))
            self._passed_over -= passed
            if self._passed_over:
                return
            self.data, self._at = self._head + data[passed:], 0
            self._head = b""
        elif self._missing > 0:
            self._pieces.append(data)
            self._missing -= len(data)
            if self._missing <= 0:
                self.data, self._at = b"".join(self._pieces), 0
                self._pieces, self._missing = [], 0
        else:
            self.data = self.data[self._at :] + data if self._at < len(self.data) else data
            self._at = 0

    def take(self) -> Frame | None:
        """Return the next whole control packet, or None until more has been received.

        Raises:
            Malformed: a remaining length of more than four bytes, or more than is let in of
                anything but a PUBLISH.
        """
        data, start = self.data, self._at
        size = len(data)
        if size - start < 2:
            return None
        length, body = data[start + 1], start + 2
        if length > 127:
            length, body = _long_length(data, start + 1)
            if not body:
                return None
        if body + length > size:
            if length > _JOINED:
                self._wait_for(data, start, body, length)
            return None
        self._at = body + length
        return _new(Frame, (data[start], start, body, self._at))

    def _wait_for(self, data: bytes, start: int, body: int, length: int) -> None:
        """Collect a large packet piece by piece, or pass over what of it is too much."""
        have = len(data) - body
        if length <= self._longest:
            self._pieces, self._missing = [data[start:]], length - have
        elif data[start] & 0xF0 != PUBLISH:
            raise Malformed(f"a control packet of {length} bytes")
        elif have < self._longest:
            self._pieces, self._missing = [data[start:]], self._longest - have
        else:
            kept = data[body : body + self._longest]
            self._head = bytes((data[start],)) + _encoded(len(kept)) + kept
            self._passed_over = length - have
        self.data, self._at = b"", 0


def _encoded(length: int) -> bytes:
    """Return a remaining length as it is written (MQTT 3.1.1, section 2.2.3)."""
    digits = bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (128 if length else 0))
        if not length:
            return bytes(digits)


def _long_length(data: bytes, at: int) -> tuple[int, int]:
    """Return a remaining length of several bytes and what follows it; 0, 0 if cut off."""
    value = shift = 0
    for place in range(at, min(at + 4, len(data))):
        value |= (data[place] & 127) << shift
        if data[place] < 128:
            return value, place + 1
        shift += 7
    if len(data) - at >= 4:
        raise Malformed("a remaining length of more than four bytes")
    return 0, 0


def read_publish(
    data: bytes, frame: Frame, received_at: int, generation: int, *, properties: bool = False
) -> Packet:
    """Return the PUBLISH in `frame`.

    Args:
        data: the inbox's bytes.
        frame: where the packet lies in them.
        received_at: µs since 1970 UTC.
        generation: of the connection.
        properties: whether MQTT 5 properties precede the payload.

    Raises:
        Malformed: the packet's parts do not fit into it.
    """
    first, _start, body, stop = frame
    at = body + 2
    if at > stop:
        raise Malformed("a PUBLISH without topic")
    topic_end = at + (data[body] << 8 | data[body + 1])
    qos, packet_id, payload = first >> 1 & 3, 0, topic_end
    if qos:
        payload += 2
        if payload > stop:
            raise Malformed("a PUBLISH without packet id")
        packet_id = data[topic_end] << 8 | data[topic_end + 1]
    said = NONE
    if properties:
        length, begin = _properties_length(data, payload, stop)
        payload = begin + length
        if length and payload <= stop:
            said = mqtt_properties.read(data[begin:payload])
    if payload > stop:
        raise Malformed("a PUBLISH that is shorter than it says")
    return Packet(
        # What is not UTF-8 keeps a trace that the topic check refuses.
        data[at:topic_end].decode("utf-8", "surrogateescape"),
        data[payload:stop],
        received_at,
        qos,
        bool(first & 1),
        bool(first & 8),
        packet_id,
        "",
        generation,
        0,
        0,
        said,
    )


def _properties_length(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """Return how long the properties are, and where they begin."""
    length, after = _long_length(data[:stop], at)
    if not after:
        raise Malformed("MQTT 5 properties are cut off")
    return length, after


def pubacks(packet_ids: Iterable[int]) -> bytes:
    """Return a PUBACK for each of `packet_ids`, in order."""
    return b"".join([_PUBACK(0x40, 2, packet_id) for packet_id in packet_ids])
