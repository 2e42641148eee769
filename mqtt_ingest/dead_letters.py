"""Dead letters again through the pipeline: tried out, replayed, or discarded with a reason."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Sum

from devices.models.slot_names import SlotName
from devices.storage import losses
from devices.storage.dialects import dialect as database_dialect
from devices.words import counted
from mqtt_ingest import conf
from mqtt_ingest.core.errors import IngestError
from mqtt_ingest.core.packets import Batch, Entry, Packet
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.topics import MAX_TOPIC
from mqtt_ingest.models import DeadLetter
from mqtt_ingest.storing.dead_letters import HEAD_BYTES
from mqtt_ingest.storing.slot_writer import SlotWriter
from mqtt_ingest.worker.packet_log import describe

WRITER = "replay"


class BusyError(IngestError):
    """Somebody else is replaying at this moment."""


@dataclass(slots=True)
class Replayed:
    """What became of replayed dead letters."""

    gone: int = 0
    readings: int = 0
    # Why the others stay: reason -> letters
    stay: dict[str, int] = field(default_factory=dict)

    def words(self) -> str:
        """Return it for people."""
        stay = ", ".join(
            f"{number} {'stays' if number == 1 else 'stay'}: {reason}"
            for reason, number in self.stay.items()
        )
        return f"{self.gone} replayed, {counted(self.readings, 'reading')} stored" + (
            f"; {stay}" if stay else ""
        )


def packets_of(letter: DeadLetter) -> list[Packet]:
    """Return the packets that `letter` keeps: one, or the first and the last of many alike."""
    first = _packet(letter, letter.topic, letter.payload, letter.received_at)
    if letter.number < 2 or letter.last_at is None or letter.last_payload is None:
        return [first]
    return [first, _packet(letter, letter.last_topic, letter.last_payload, letter.last_at)]


def _packet(letter: DeadLetter, topic: str, payload: Any, at: Any) -> Packet:
    received_at = round(at.timestamp() * 1_000_000)
    return Packet(topic, bytes(payload), received_at, letter.qos, letter.retain)


def dry_run(letter: DeadLetter) -> list[dict[str, Any]]:
    """Return what the pipeline, as it is now, would make of the letter's packets."""
    router = _router_of(letter, {})
    return [describe(0, decode(packet, router)) for packet in packets_of(letter)]


def broker_of(letter: DeadLetter) -> str:
    """Return the name of the broker that a letter came by; "" is that of the settings."""
    slot = SlotName.read(letter.slot)
    return slot.broker if slot else ""


def _router_of(letter: DeadLetter, made: dict[str, Router]) -> Router:
    """Return how packets of the broker that the letter came by are read, made once each."""
    broker = broker_of(letter)
    if broker not in made:
        made[broker] = Router(conf.routes(broker))
    return made[broker]


def replay(letters: Iterable[DeadLetter], seconds: float | None = None) -> Replayed:
    """Store what can be read now; letters whose packets are stored go.

    Safe to repeat and to break off: readings have their key.

    Args:
        letters: which ones.
        seconds: stop after this long; the rest stays.

    Raises:
        BusyError: another replay is under way.
    """
    result, began = Replayed(), time.monotonic()
    routers: dict[str, Router] = {}
    with _leased_writer() as writer:
        for letter in letters:
            if seconds is not None and time.monotonic() - began > seconds:
                result.stay["no time left, run it again"] = (
                    result.stay.get("no time left, run it again", 0) + 1
                )
                continue
            _replay_one(letter, writer, _router_of(letter, routers), result)
    return result


@contextmanager
def _leased_writer() -> Iterator[SlotWriter]:
    writer = SlotWriter(WRITER, database_dialect(), replaying=True)
    if not writer.acquire(f"{WRITER}-{time.monotonic_ns()}"):
        raise BusyError("Somebody is replaying dead letters now; try again in a moment.")
    try:
        yield writer
        writer.flush_now()
    finally:
        writer.release()


def _replay_one(letter: DeadLetter, writer: SlotWriter, router: Router, result: Replayed) -> None:
    entries = [decode(packet, router) for packet in packets_of(letter)]
    stays = next((entry.reason for entry in entries if entry.messages is None), "")
    if _is_cut(letter):
        stays = "only the head of what was too large is kept"
    if not stays:
        stays, readings = _store(writer, entries)
        result.readings += readings
    if stays:
        result.stay[stays] = result.stay.get(stays, 0) + 1
    else:
        letter.delete()
        result.gone += 1
    writer.renew()


def _is_cut(letter: DeadLetter) -> bool:
    """Return whether something of a letter's packets was not kept."""
    sizes = {len(letter.payload), len(letter.last_payload or b"")}
    is_head = letter.reason == "too_large" and HEAD_BYTES in sizes
    return is_head or max(len(letter.topic), len(letter.last_topic)) > MAX_TOPIC


def _store(writer: SlotWriter, entries: list[Entry]) -> tuple[str, int]:
    """Commit `entries`; return why the letter must stay, if so, and the readings stored."""
    batch = Batch()
    for entry in entries:
        batch.add(entry)
    stored = writer.store(batch)
    refused = next(iter(stored.refused), "")
    if stored.dead_letters:
        reason = next((entry.reason for entry in entries if entry.reason), "refused_by_database")
        return reason, stored.readings
    return (f"refused: {refused}" if refused else ""), stored.readings


def discard(letters: QuerySet[DeadLetter], why: str) -> int:
    """Remove `letters` for good, and record how many packets that were, with the reason."""
    with transaction.atomic():
        number = letters.aggregate(n=Sum("number"))["n"] or 0
        letters.delete()
        if number:
            now = time.time_ns() // 1_000
            losses.record("dead_letters_discarded", now, now, number, detail=why)
    return int(number)
