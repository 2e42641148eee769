"""The same arrival time for the same packet, however often it is delivered.

A packet without its own time is stored at its arrival time. If the broker delivers
it again (DUP) because our acknowledgement was lost, it must take the first time
again, so that the readings' key removes the twin. MQTT 3.1.1, section 4.4: a
redelivered PUBLISH keeps its packet id.

`mqtt_ingest_arrivalstamp.stamps` is a run of 18 bytes for each packet of a batch that was
stored at its arrival, in order of arrival, without a header:

| bytes | little-endian | meaning |
|---|---|---|
| 0-1 | uint16 | packet id |
| 2-9 | 8 bytes | digest of MQTT session, topic and payload: BLAKE2b, parts joined by NUL |
| 10-17 | int64 | arrival in µs since 1970 UTC |
"""

import struct
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b

from mqtt_ingest.core.packets import Packet

_STAMP = struct.Struct("<H8sq")
# In packets. Packet ids come round after 65,535; older stamps could match another one.
CAPACITY = 30_000


def digest(packet: Packet) -> bytes:
    """Return 8 bytes that tell packets of the same packet id apart."""
    hasher = blake2b(packet.session.encode("utf-8", "replace"), digest_size=8)
    hasher.update(b"\0" + packet.topic.encode("utf-8", "replace") + b"\0" + packet.payload)
    return hasher.digest()


class ArrivalStamps:
    """Arrival times by packet, of the packets that may still be redelivered."""

    def __init__(self) -> None:
        # (packet id, digest) -> (arrival time in µs, place in the stream of packets)
        self._times: OrderedDict[tuple[int, bytes], tuple[int, int]] = OrderedDict()
        self._place = 0

    def __len__(self) -> int:
        return len(self._times)

    def clear(self) -> None:
        """Forget all: the broker started a new session, packet ids begin anew."""
        self._times.clear()

    def restore(self, packet: Packet) -> bool:
        """Give a redelivered packet its first arrival time; return whether it is known."""
        known = self._times.get((packet.packet_id, digest(packet)))
        if known is None or known[1] <= self._place - CAPACITY:
            return False
        packet.received_at = known[0]
        return True

    def passed(self) -> None:
        """Count one more packet in the stream, whether stamped or not."""
        self._place += 1

    def remember(self, packet: Packet) -> None:
        """Note the arrival time of a packet that was stored at it."""
        key = (packet.packet_id, digest(packet))
        self._times[key] = (packet.stamp or packet.received_at, self._place)
        self._times.move_to_end(key)
        if len(self._times) > CAPACITY:
            self._times.popitem(last=False)

    def load(self, place: int, stored: Iterable[tuple[int, bytes]]) -> None:
        """Take in what `pack` made.

        Args:
            place: how many packets the slot has taken in so far.
            stored: (that number at the batch, packed stamps), oldest first.
        """
        self._place = place
        for at, run in stored:
            for packet_id, hashed, ts in _STAMP.iter_unpack(run):
                self._times[(packet_id, hashed)] = (ts, at)


class ArrivalOrder:
    """Arrival times that no two packets share.

    A list of n elements without times takes n µs; the next packet may arrive
    earlier than that, and must not fall on the same times.
    """

    # A clock that is set back by more than this is followed.
    SET_BACK = 1_000_000

    def __init__(self) -> None:
        self._last = 0

    def order(self, packet: Packet) -> None:
        """Move the arrival time of `packet` behind the last one that was used."""
        if self._last - self.SET_BACK < packet.received_at <= self._last:
            packet.received_at = self._last + 1

    def used(self, ts: int) -> None:
        """Note that times up to `ts` were given to samples."""
        self._last = ts


def pack(packets: Iterable[Packet]) -> bytes:
    """Return the stamps of `packets` as bytes, 18 each, for the batch's transaction."""
    return b"".join(
        _STAMP.pack(packet.packet_id, digest(packet), packet.stamp or packet.received_at)
        for packet in packets
    )
