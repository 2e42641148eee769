"""The last packets of this worker, for /inspect and `tail`, kept in memory."""

import base64
from collections import deque
from typing import Any

from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import device_key
from mqtt_ingest.core.packets import Entry
from mqtt_ingest.core.topics import device_level, matches
from mqtt_ingest.core.values import BASE

CAPACITY = 2_000
SHOWN_PAYLOAD = 4_096
SHOWN_SAMPLES = 50


class PacketLog:
    """A ring of entries; they are put into words only when somebody asks."""

    def __init__(self) -> None:
        self._entries: deque[tuple[int, Entry]] = deque(maxlen=CAPACITY)
        self.number = 0

    def add(self, entry: Entry) -> None:
        """Remember `entry`."""
        self.number += 1
        self._entries.append((self.number, entry))

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
        found = [
            describe(number, entry)
            for number, entry in list(self._entries)
            if number > after
            and (not device or _key(entry) == device)
            and (not topic_filter or matches(topic_filter, entry.packet.topic))
        ]
        return {"last": self.number, "packets": found[-limit:]}


def _key(entry: Entry) -> str:
    if entry.decoded is not None:
        return device_key(entry.decoded.native_id)
    try:
        return device_key(device_level(entry.packet.topic))
    except Undecodable:
        return ""


def describe(number: int, entry: Entry) -> dict[str, Any]:
    """Return a packet and what became of it, as JSON has it; times in ms."""
    packet, decoded = entry.packet, entry.decoded
    payload = packet.payload[:SHOWN_PAYLOAD]
    try:
        text, encoded = payload.decode(), None
    except UnicodeDecodeError:
        text, encoded = None, base64.b64encode(payload).decode()
    difference = decoded.clock_difference if decoded else None
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
        "device": _key(entry),
        "source": entry.source,
        "result": _result(entry),
        "stored_after_ms": (entry.committed_at - packet.received_at) / 1_000
        if entry.committed_at
        else None,
        "reason": entry.reason,
        "detail": entry.detail,
        "position": entry.position,
        "status": decoded.status if decoded else "",
        "samples": [
            {
                "metric": sample.metric,
                "ts": sample.ts / 1_000,
                "kind": BASE[sample.kind],
                "value": sample.text if sample.value is None else sample.value,
            }
            for sample in (decoded.samples[:SHOWN_SAMPLES] if decoded else [])
        ],
        "bad": decoded.bad[:SHOWN_SAMPLES] if decoded else [],
        "clock_difference_ms": None if difference is None else difference / 1_000,
    }


def _result(entry: Entry) -> str:
    if entry.reason == "refused":
        return "refused"
    if entry.reason:
        return "dead letter" if entry.committed_at else "waiting"
    if not entry.committed_at:
        return "waiting"
    if entry.decoded is not None and entry.decoded.empty:
        return "nothing to store"
    return "stored"
