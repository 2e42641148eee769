"""The last packets of this worker, for /inspect and `tail`, kept in memory."""

import base64
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import device_key
from mqtt_ingest.core.packets import DeviceMessage, Entry, Sample
from mqtt_ingest.core.samples import BASE
from mqtt_ingest.core.topics import device_level, matches

CAPACITY = 2_000
SHOWN_PAYLOAD = 4_096
SHOWN_SAMPLES = SHOWN_DEVICES = 50
# Of each device so many packets stay, however many others send since; of so many devices, and
# so many bytes in all.
PER_DEVICE, DEVICES, MAX_BYTES = 3, 5_000, 8_000_000
# By device they are sorted once every so many packets: most have been overtaken by then.
SORTED_EVERY = CAPACITY


class _Own(NamedTuple):
    """A device's last packets, and about how many bytes they take."""

    newest_first: list[tuple[int, Entry]]
    weight: int


_NOTHING = _Own([], 0)


class PacketLog:
    """A ring of entries; they are put into words only when somebody asks."""

    def __init__(self) -> None:
        self._entries: deque[tuple[int, Entry]] = deque()
        # What they weigh together.
        self._weight = 0
        # By what a device calls itself, those that sent last at the end.
        self._own: OrderedDict[str, _Own] = OrderedDict()
        self._bytes = 0
        # The number of the last packet, and of the last that was sorted.
        self.number = self._sorted = 0

    def add(self, entry: Entry) -> None:
        """Remember `entry`."""
        self.number += 1
        entries = self._entries
        entries.append((self.number, entry))
        self._weight += entry.weight or entry.weigh()
        while len(entries) > CAPACITY or (self._weight > MAX_BYTES and len(entries) > 1):
            if entries[0][0] > self._sorted:
                self._sort()
            self._weight -= entries.popleft()[1].weight
        if self.number - self._sorted >= SORTED_EVERY:
            self._sort()

    def _sort(self) -> None:
        """Keep the last packets of each device among those that came since."""
        came: dict[str, list[tuple[int, Entry]]] = {}
        for pair in islice(reversed(self._entries), self.number - self._sorted):
            name = _name(pair[1])
            own = came.get(name)
            if own is None:
                came[name] = [pair]
            elif len(own) < PER_DEVICE:
                own.append(pair)
        self._sorted = self.number
        for name in reversed(came):
            self._keep(name, came[name])

    def _keep(self, name: str, newest_first: list[tuple[int, Entry]]) -> None:
        before = self._own.pop(name, _NOTHING)
        kept = (newest_first + before.newest_first)[:PER_DEVICE]
        own = self._own[name] = _Own(kept, sum([entry.weigh() for _number, entry in kept]))
        self._bytes += own.weight - before.weight
        while len(self._own) > DEVICES or (self._bytes > MAX_BYTES and len(self._own) > 1):
            self._bytes -= self._own.popitem(last=False)[1].weight

    def since(
        self, after: int = 0, *, device: str = "", topic_filter: str = "", limit: int = 100
    ) -> dict[str, Any]:
        """Return entries after number `after`, newest last, and the last number.

        Args:
            after: number of the last entry the caller has.
            device: only of this device key.
            topic_filter: only topics that match this MQTT filter.
            limit: at most so many, the newest.
        """
        entries = list(self._entries)
        if device:
            first = entries[0][0] if entries else 0
            own = [pair for kept in list(self._own.values()) for pair in kept.newest_first]
            entries = sorted((p for p in own if p[0] < first), key=lambda p: p[0]) + entries
        found = [
            describe(number, entry)
            for number, entry in entries
            if number > after
            and (not device or device in _keys(entry))
            and (not topic_filter or matches(topic_filter, entry.packet.topic))
        ]
        return {"last": self.number, "packets": found[-limit:]}


def _name(entry: Entry) -> str:
    """Return what the device calls itself, as far as that can be read."""
    messages = entry.messages
    return messages[0].native_id if messages else device_level(entry.packet.topic)


def _keys(entry: Entry) -> list[str]:
    """Return the keys of the devices that a packet speaks of, as far as that can be read."""
    if entry.messages:
        return [device_key(message.native_id) for message in entry.messages]
    try:
        return [device_key(device_level(entry.packet.topic))]
    except Undecodable:
        return []


def describe(number: int, entry: Entry) -> dict[str, Any]:
    """Return a packet and what became of it, as JSON has it; times in ms."""
    packet, messages = entry.packet, entry.messages or ()
    payload = packet.payload[:SHOWN_PAYLOAD]
    try:
        text, encoded = payload.decode(), None
    except UnicodeDecodeError:
        text, encoded = None, base64.b64encode(payload).decode()
    keys = _keys(entry)
    difference = messages[0].clock_difference if messages else None
    return {
        "number": number,
        "received_at": packet.received_at / 1_000,
        "topic": packet.topic.encode("utf-8", "backslashreplace").decode(),
        "qos": packet.qos,
        "retain": packet.retain,
        "dup": packet.dup,
        "bytes": len(packet.payload),
        "payload": text,
        "payload_base64": encoded,
        "device": keys[0] if keys else "",
        "devices": keys[:SHOWN_DEVICES],
        "source": entry.source,
        "result": _result(entry),
        "stored_after_ms": (entry.committed_at - packet.received_at) / 1_000
        if entry.committed_at
        else None,
        "reason": entry.reason,
        "detail": entry.detail,
        "position": entry.position,
        "status": messages[0].status if messages else "",
        "samples": [
            {
                "device": keys[place],
                "metric": sample.metric,
                "ts": sample.ts / 1_000,
                "kind": BASE[sample.kind],
                "value": sample.text if sample.value is None else sample.value,
            }
            for place, sample in islice(_samples(messages), SHOWN_SAMPLES)
        ],
        "bad": [bad for message in messages for bad in message.bad][:SHOWN_SAMPLES],
        "clock_difference_ms": None if difference is None else difference / 1_000,
    }


def _samples(messages: Sequence[DeviceMessage]) -> Iterator[tuple[int, Sample]]:
    """Yield the samples of `messages`, each with the place of its message."""
    return ((place, one) for place, said in enumerate(messages) for one in said.samples)


def _result(entry: Entry) -> str:
    if entry.reason == "refused":
        return "refused"
    if entry.reason:
        return "dead letter" if entry.committed_at else "waiting"
    if not entry.committed_at:
        return "waiting"
    if entry.messages is not None and all(message.empty for message in entry.messages):
        return "nothing to store"
    return "stored"
