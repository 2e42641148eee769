"""Dead letters of a batch, written in its transaction."""

from collections.abc import Sequence

from devices.times import moment
from mqtt_ingest.core.arrivals import digest
from mqtt_ingest.core.packets import Entry
from mqtt_ingest.models import DeadLetter


def write(dead: Sequence[tuple[Entry, str, str, str]], slot: str) -> int:
    """Store (entry, reason, detail, device key) each; return how many were new.

    A redelivered packet (DUP) that is kept already is not kept twice.
    """
    letters = [
        _letter(entry, reason, detail, device_key, slot)
        for entry, reason, detail, device_key in dead
    ]
    again = [
        letter
        for letter, (entry, *_rest) in zip(letters, dead, strict=True)
        if entry.packet.dup and _is_kept(letter)
    ]
    fresh = [letter for letter in letters if not any(letter is known for known in again)]
    DeadLetter.objects.bulk_create(fresh)
    return len(fresh)


def _is_kept(letter: DeadLetter) -> bool:
    return DeadLetter.objects.filter(
        slot=letter.slot, packet_id=letter.packet_id, digest=letter.digest
    ).exists()


def _letter(entry: Entry, reason: str, detail: str, device_key: str, slot: str) -> DeadLetter:
    packet = entry.packet
    return DeadLetter(
        received_at=moment(packet.received_at),
        source=entry.source,
        slot=slot,
        topic=_storable(packet.topic),
        payload=packet.payload,
        qos=packet.qos,
        retain=packet.retain,
        packet_id=packet.packet_id or None,
        reason=reason,
        detail=_storable(detail),
        device_key=device_key,
        digest=digest(packet),
    )


def _storable(text: str) -> str:
    """Return `text` as every database takes it: no NUL, no lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
