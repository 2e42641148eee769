"""Dead letters of a batch, written in its transaction, and their size budget.

Undecodable packets that are alike fold into one row: the first, the last and the
number. Whatever a person may still want whole (conflicts, what the database refused)
is kept packet by packet.
"""

import time
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, IntegerField, Max, Sum, Value, When
from django.db.models.functions import Coalesce, Length

from devices.background.services import LeasedService, Pace
from devices.models import Loss
from devices.monitoring import losses
from devices.registry.undecoded import LastLetter
from devices.storage.losses import record
from devices.timestamps import moment
from mqtt_ingest.core.fingerprint import fold_key
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.redelivery import digest
from mqtt_ingest.core.topics import MAX_TOPIC
from mqtt_ingest.models import WHOLE_REASONS, DeadLetter
from mqtt_ingest.storing.prepare import Dead

# Of a payload that pages show.
SHOWN_BYTES = 400
# Kept letters removed per step when the budget is full.
STEP = 500
# What a row takes besides its topic and payloads, with its places in indexes; about, in bytes.
ROW_BYTES = 800
# So often what is kept is weighed although there is nothing new.
WEIGHED_SECONDS = 600.0
# Of a packet that is larger than packets may be, so many bytes are kept.
HEAD_BYTES = 4_096
# What a row holds, by columns whose length is known without reading them; the last topic is
# about as long as the first.
_HELD = ("payload", "last_payload", "topic", "topic")
_COLUMNS = (
    *("received_at", "source", "slot", "topic", "payload", "qos", "retain", "packet_id"),
    *("reason", "detail", "device_key", "digest", "fold", "number"),
    *("last_at", "last_topic", "last_payload", "last_detail"),
)
_FOLD = (
    f"INSERT INTO mqtt_ingest_deadletter ({', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join(['%s'] * len(_COLUMNS))}) ON CONFLICT (fold) DO UPDATE SET "
    "number = mqtt_ingest_deadletter.number + excluded.number, last_at = excluded.last_at, "
    "last_topic = excluded.last_topic, last_payload = excluded.last_payload, "
    "last_detail = excluded.last_detail"
)


def write(dead: Sequence[Dead], slot: str) -> int:
    """Store `dead`; return how many packets were new.

    A redelivered packet that was taken in before is not counted twice.
    """
    whole = [one for one in dead if one.reason in WHOLE_REASONS]
    folding = [one for one in dead if one.reason not in WHOLE_REASONS and not one.entry.redelivered]
    if folding:
        _fold(folding, slot)
    return len(folding) + _write_whole(whole, slot)


def _write_whole(dead: Iterable[Dead], slot: str) -> int:
    letters = [
        letter
        for one in dead
        for letter in [_letter(one, slot)]
        if not (one.entry.packet.dup and _is_kept(letter))
    ]
    DeadLetter.objects.bulk_create(letters)
    return len(letters)


def _is_kept(letter: DeadLetter) -> bool:
    return DeadLetter.objects.filter(
        slot=letter.slot, packet_id=letter.packet_id, digest=letter.digest
    ).exists()


def _fold(dead: Sequence[Dead], slot: str) -> None:
    folded: dict[str, DeadLetter] = {}
    for one in dead:
        packet = one.entry.packet
        key = fold_key(one.entry.source, one.reason, packet.topic, packet.payload)
        letter = folded.get(key)
        if letter is None:
            letter = folded[key] = _letter(one, slot)
            letter.fold, letter.number = key, 0
        letter.number += 1
        letter.last_at = moment(packet.received_at)
        letter.last_topic, letter.last_payload = _topic(packet), _payload(one)
        letter.last_detail = storable(one.detail)
    with connection.cursor() as cursor:
        # In the order of the key: two slots never wait for each other crosswise.
        for _key, letter in sorted(folded.items()):
            cursor.execute(_FOLD, [getattr(letter, name) for name in _COLUMNS])


def _letter(one: Dead, slot: str) -> DeadLetter:
    packet = one.entry.packet
    return DeadLetter(
        received_at=moment(packet.received_at),
        source=one.entry.source,
        slot=slot,
        topic=_topic(packet),
        payload=_payload(one),
        qos=packet.qos,
        retain=packet.retain,
        packet_id=packet.packet_id or None,
        reason=one.reason,
        detail=storable(one.detail),
        device_key=one.device_key,
        digest=digest(packet),
    )


def _topic(packet: Packet) -> str:
    """Return the topic as it is kept: of one that is too long, more than may be, and no more."""
    kept = storable(packet.topic)
    return kept if len(kept) <= MAX_TOPIC else f"{kept[:MAX_TOPIC]}…"


def _payload(one: Dead) -> bytes:
    """Return the payload as it is kept: of one that is too large, the head."""
    payload = one.entry.packet.payload
    return payload[:HEAD_BYTES] if one.reason == "too_large" else payload


def storable(text: str) -> str:
    """Return `text` as every database takes it: no NUL, no lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def size() -> int:
    """Return about how many bytes the kept letters take: texts, payloads and rows."""
    lengths = " + ".join(f"COALESCE(length({name}), 0)" for name in _HELD)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COALESCE(SUM({lengths} + {ROW_BYTES}), 0) FROM mqtt_ingest_deadletter"
        )
        return int(cursor.fetchone()[0])


def excess() -> int:
    """Return by how many bytes the kept letters are beyond DEAD_LETTER_MB."""
    budget: int = settings.DEAD_LETTER_MB
    return size() - budget * 1_000_000


def evict(wanted: int) -> int:
    """Remove the oldest dead letters that hold `wanted` bytes, a step; return what they held.

    Undecodable ones go first, then the others. What went is recorded as a loss.
    """
    chosen = _oldest(wanted)
    with transaction.atomic():
        # In the order of the key, as `_fold` has it.
        step = DeadLetter.objects.filter(pk__in=chosen)
        locked = list(step.select_for_update().order_by("fold").values_list("number", flat=True))
        step.delete()
        now = time.time_ns() // 1_000
        record("dead_letters_evicted", now, now, sum(locked), detail="DEAD_LETTER_MB is full")
    return sum(chosen.values())


def _oldest(wanted: int) -> dict[int, int]:
    """Return the oldest letters that hold `wanted` bytes, at most `STEP`: key -> bytes."""
    whole_last = Case(
        When(reason__in=WHOLE_REASONS, then=1), default=0, output_field=IntegerField()
    )
    held = sum((Coalesce(Length(name), 0) for name in _HELD), start=Value(ROW_BYTES))
    chosen: dict[int, int] = {}
    for pk, bytes_held in (
        DeadLetter.objects.annotate(held=held)
        .order_by(whole_last, "received_at", "pk")
        .values_list("pk", "held")[:STEP]
    ):
        if wanted <= 0:
            break
        chosen[pk] = bytes_held
        wanted -= bytes_held
    return chosen


class Evicting(LeasedService):
    """Keeps dead letters within DEAD_LETTER_MB, also while packets wait: they may be why."""

    name = "dead letters"
    thread = "upkeep"
    pace = Pace(idle=10.0, more=0.05, busy=0.05)

    def __init__(self, holder: str) -> None:
        """Prepare; `holder` is the process' name."""
        super().__init__(holder)
        # By how much they are beyond it; 0: to be weighed, where there is something new.
        self._excess = 0
        # The newest when they were weighed last, and when (s, monotonic) that was.
        self._newest: int | None = None
        self._weighed_at = float("-inf")

    def work(self) -> bool:
        """Remove a step of them; return whether there is more."""
        if self._excess <= 0 and not self._weigh():
            return False
        self._excess -= evict(self._excess)
        return True

    def _weigh(self) -> bool:
        """Weigh what is kept, where anything is new; return whether it is too much.

        Letters that fold are no new rows, but may grow once: so it is done now and then, too.
        """
        newest = DeadLetter.objects.aggregate(pk=Max("pk"))["pk"]
        now = time.monotonic()
        if newest == self._newest and now - self._weighed_at < WEIGHED_SECONDS:
            return False
        self._excess = excess()
        if self._excess <= 0:
            self._newest, self._weighed_at = newest, now
        return self._excess > 0


def counted() -> list[losses.Count]:
    """Return what the page of losses tells about dead letters."""
    kept = DeadLetter.objects.aggregate(n=Sum("number"))["n"]
    gone = Loss.objects.filter(reason__startswith="dead_letters_").aggregate(n=Sum("packets"))["n"]
    note = f"{size() / 1e6:.1f} of {settings.DEAD_LETTER_MB} MB; they can be replayed in Admin"
    return [
        losses.Count("packets kept as dead letters", kept, note),
        losses.Count("dead letters evicted or discarded", gone),
    ]


def last_of(key: str) -> LastLetter | None:
    """Return the newest dead letter of device `key`."""
    # What was read and stored in part is told otherwise.
    mine = DeadLetter.objects.filter(device_key=key).exclude(reason__in=WHOLE_REASONS)
    newest = Coalesce("last_at", "received_at")
    pk = mine.annotate(at=newest).order_by("-at").values_list("pk", flat=True).first()
    letter = DeadLetter.objects.filter(pk=pk).first() if pk else None
    if letter is None:
        return None
    payload = letter.payload if letter.last_payload is None else letter.last_payload
    return LastLetter(
        letter.pk,
        mine.aggregate(packets=Sum("number"))["packets"],
        letter.last_at or letter.received_at,
        letter.reason,
        letter.last_detail or letter.detail,
        bytes(payload)[:SHOWN_BYTES].decode("utf-8", "backslashreplace"),
    )
