"""Committed batches on the configured database: exact rows, fencing, dead letters.

`make test` runs this file on SQLite and on PostgreSQL.
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import Sum

from devices import registry
from devices.changelog import changes
from devices.models import (
    Device,
    DeviceCounts,
    Latest,
    Loss,
    Offline,
    Reading,
    Series,
    Source,
    Writer,
)
from devices.registry import edit_log
from devices.storage import dialects, leases
from mqtt_ingest import dead_letters as replaying
from mqtt_ingest.core.errors import SlotLost
from mqtt_ingest.core.packets import Entry
from mqtt_ingest.core.redelivery import ArrivalStamps
from mqtt_ingest.models import ArrivalStamp, DeadLetter
from mqtt_ingest.storing import arrival_stamps, dead_letters
from mqtt_ingest.storing.slot_writer import SlotWriter
from mqtt_ingest.storing.stored import Stored
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
NOW = ARRIVAL // 1_000 - 100_000


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


def make_writer(name: str = "ingest-0", holder: str = "me") -> SlotWriter:
    dialect = dialects.dialect()
    writer = SlotWriter(name, dialect)
    epoch = leases.acquire(name, holder, dialect)
    assert epoch is not None
    writer.epoch = epoch
    return writer


def entry(values: dict[str, Any], device: str = "press-3", **more: Any) -> Entry:
    return make_entry(json.dumps(values), f"devices/{device}/telemetry", **more)


def store(writer: SlotWriter, *entries: Entry) -> Stored:
    return writer.store(make_batch(*entries))


def rows() -> list[tuple[str, str, int, float | None, str | None]]:
    return [
        (r.series.device.key, r.series.metric, r.ts, r.value, r.text)
        for r in Reading.objects.select_related("series__device").order_by("series__metric", "ts")
    ]


def test_samples_become_rows_latest_and_a_change() -> None:
    writer = make_writer()
    stored = store(writer, entry({"ts": NOW, "t": 1.5, "on": True, "s": "x"}))
    ts = NOW * 1_000
    assert rows() == [
        ("press-3", "on", ts, 1.0, None),
        ("press-3", "s", ts, None, "x"),
        ("press-3", "t", ts, 1.5, None),
    ]
    assert stored.readings == 3
    assert Latest.objects.count() == 3
    touched = changes.since({"ingest-0": 0})
    assert [(change.writer, change.seq) for change in touched] == [("ingest-0", stored.seq)]
    assert {(low, high) for _series, low, high in touched[0].spans} == {(ts, ts)}
    kinds = dict(Series.objects.values_list("metric", "kind"))
    assert kinds == {"t": "number", "on": "boolean", "s": "text"}


def test_the_same_again_is_nothing_new() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    stored = store(writer, entry({"ts": NOW, "t": 1, "u": 2}))
    assert (stored.readings, stored.duplicates, stored.conflicts) == (1, 1, 0)
    assert DeadLetter.objects.count() == 0


def test_another_value_for_the_same_time_is_kept_as_a_conflict() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    stored = store(writer, entry({"ts": NOW, "t": 2}), entry({"ts": NOW + 1, "t": 3}))
    assert (stored.readings, stored.duplicates, stored.conflicts) == (1, 0, 1)
    assert [row[3] for row in rows()] == [1.0, 3.0]
    letter = DeadLetter.objects.get()
    assert (letter.reason, letter.device_key) == ("conflict", "press-3")
    assert json.loads(bytes(letter.payload)) == {"ts": NOW, "t": 2}


def test_a_conflict_within_one_batch_keeps_the_first() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}), entry({"ts": NOW, "t": 2, "u": 3}))
    assert [row[3] for row in rows()] == [1.0, 3.0]
    assert DeadLetter.objects.get().reason == "conflict"


def test_latest_is_the_newest_by_time_not_by_arrival() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    store(writer, entry({"ts": NOW - 5_000, "t": 2}))
    assert Latest.objects.get().value == 1.0


def test_a_value_of_another_kind_goes_to_text_with_a_count() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    store(writer, entry({"ts": NOW + 1, "t": "broken"}))
    assert [row[3:] for row in rows()] == [(1.0, None), (None, "broken")]
    writer.flush_now()
    assert DeviceCounts.objects.get().other_kind == 1
    assert Series.objects.get().kind == "number"


@pytest.mark.parametrize(
    ("first", "later", "kind", "stored", "other"),
    [
        ("unavailable", [21.5], "number", [(21.5, None)], 0),
        (True, [1, 0, "on", "FALSE", "1"], "boolean",
         [(float(n), None) for n in (1, 1, 0, 1, 0, 1)], 0),
        (1, [True, "off", "7.5"], "number",
         [(1.0, None), (1.0, None), (0.0, None), (7.5, None)], 0),
        (False, [5, "x"], "boolean", [(0.0, None), (None, "5"), (None, "x")], 2),
        ("idle", ["1.10", "ON", 7, 7.5, True], "text",
         [(None, t) for t in ("idle", "1.10", "ON", "7", "7.5", "true")], 3),
        ("1.10", ["1.10.2"], "number", [(1.1, None), (None, "1.10.2")], 1),
    ],
)  # fmt: skip
def test_what_fits_a_series_is_stored_as_its_kind_and_the_rest_as_it_came(
    first: object, later: list[object], kind: str, stored: list[object], other: int
) -> None:
    writer = make_writer()
    for n, value in enumerate((first, *later)):
        store(writer, entry({"ts": NOW + n, "t": value}))
    writer.flush_now()
    assert Series.objects.get().kind == kind
    assert [row[3:] for row in rows()] == stored
    assert DeviceCounts.objects.get().other_kind == other


def test_an_undecodable_packet_is_a_dead_letter_in_the_same_transaction() -> None:
    writer = make_writer()
    stored = store(writer, make_entry('{"t": '), entry({"ts": NOW, "t": 1}))
    letter = DeadLetter.objects.get()
    assert (letter.reason, bytes(letter.payload)) == ("not_json", b'{"t": ')
    assert "at 5" in letter.detail
    assert stored.dead_letters == 1
    assert len(rows()) == 1


def test_undecodable_packets_that_are_alike_fold_to_the_first_the_last_and_the_number() -> None:
    writer = make_writer()
    garbage = [make_entry(f"oops {n}", packet_id=n, received_at=ARRIVAL + n) for n in range(1, 6)]
    assert store(writer, *garbage[:3]).dead_letters == 3
    store(writer, *garbage[3:])
    letter = DeadLetter.objects.get()
    assert (bytes(letter.payload), bytes(letter.last_payload or b"")) == (b"oops 1", b"oops 5")
    assert letter.number == 5
    store(writer, make_entry("[1, 2]"), make_entry("oops", "devices/other/telemetry"))
    assert DeadLetter.objects.count() == 3


def test_a_redelivered_dead_letter_is_not_counted_twice() -> None:
    writer = make_writer()
    store(writer, make_entry("nonsense", packet_id=9))
    again = make_entry("nonsense", packet_id=9, dup=True)
    again.redelivered = True
    assert store(writer, again).dead_letters == 0
    assert DeadLetter.objects.get().number == 1


def test_conflicts_never_fold() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    for n in (2, 3):
        store(writer, entry({"ts": NOW, "t": n}, packet_id=n))
    assert DeadLetter.objects.filter(reason="conflict", number=1).count() == 2
    store(writer, entry({"ts": NOW, "t": 3}, packet_id=3, dup=True))
    assert DeadLetter.objects.count() == 2


def test_dead_letters_beyond_their_budget_are_evicted_and_the_loss_is_recorded(
    settings: Any,
) -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    store(writer, entry({"ts": NOW, "t": 2}))
    big = [make_entry("x" * 200_000, f"devices/d{n}/telemetry") for n in range(8)]
    store(writer, *big)
    settings.DEAD_LETTER_MB = 1
    service = dead_letters.Evicting("worker")
    assert service.step()
    assert not service.step()
    assert dead_letters.size() <= 1_000_000
    loss = Loss.objects.get(reason="dead_letters_evicted")
    left = DeadLetter.objects.aggregate(n=Sum("number"))["n"]
    assert left is not None
    assert loss.packets == 9 - left
    assert dead_letters.excess() <= 0
    # Whole rows count, not payloads alone; topics are cut.
    store(writer, *[make_entry("{", f"devices/e{n}/{'x' * 2_000}") for n in range(900)])
    assert len(DeadLetter.objects.order_by("-pk").values_list("topic", flat=True)[0]) == 1_025
    while service.step():
        pass
    assert dead_letters.size() <= 1_000_000
    assert 250 < DeadLetter.objects.count() < 900
    assert service.pace.after(more=True, busy=True) < 1  # packets that wait may be why


def test_of_a_packet_that_is_too_large_the_head_is_kept_and_not_replayed() -> None:
    writer = make_writer()
    store(writer, make_entry("7" * 300_000, "devices/a/telemetry/t"))
    letter = DeadLetter.objects.get(reason="too_large")
    assert len(letter.payload) == 4_096
    result = replaying.replay([letter])
    assert result.stay == {"only the head of what was too large is kept": 1}
    # What an earlier release has kept whole can be read once more is allowed.
    whole = b"1" + b" " * 4_999
    DeadLetter.objects.update(payload=whole, last_payload=whole)
    assert replaying.replay([DeadLetter.objects.get()]).gone == 1


def test_a_device_gets_no_more_series_than_the_limit(settings: Any) -> None:
    settings.MAX_SERIES_PER_DEVICE = 2
    writer = make_writer()
    stored = store(writer, entry({"ts": NOW, "a": 1, "b": 2, "c": 3, "d": 4}))
    assert (stored.readings, stored.refused) == (2, {"series": 2})
    stored = store(writer, entry({"ts": NOW + 1, "a": 1, "e": 5}))
    assert (stored.readings, stored.refused) == (1, {"series": 1})
    writer.flush_now()
    assert DeviceCounts.objects.get().series_refused == 3
    assert Series.objects.count() == 2


def test_no_more_devices_wait_to_be_accepted_than_the_limit(settings: Any) -> None:
    settings.MQTT_REGISTRATION, settings.MAX_PENDING_DEVICES = "pending", 2
    writer = make_writer()
    stored = store(writer, *(entry({"ts": NOW, "t": 1}, device=f"d{n}") for n in range(5)))
    assert (Device.objects.count(), stored.refused) == (2, {"pending_full": 3})
    registry.accept(Device.objects.all())
    stored = store(writer, entry({"ts": NOW, "t": 1}, device="d4"))
    assert (stored.readings, stored.refused) == (1, {})


def test_what_a_rate_limit_refuses_is_a_named_loss() -> None:
    writer = make_writer()
    first = entry({"ts": NOW, "t": 1})
    refused = [entry({"ts": NOW + n * 1_000, "t": n}) for n in (1, 2)]
    for one in refused:
        assert one.messages
        one.messages[0].throttled = True
    assert store(writer, first, *refused).readings == 1
    late = entry({"ts": NOW + 10_000, "t": 9})
    assert late.messages
    late.messages[0].throttled = True
    store(writer, late)
    loss = Loss.objects.get()
    assert (loss.reason, loss.packets) == ("throttled", 3)
    assert (loss.since, loss.until) == ((NOW + 1_000) * 1_000, (NOW + 10_000) * 1_000)
    writer.flush_now()
    assert DeviceCounts.objects.get().throttled == 3


def test_packets_at_qos_0_are_counted() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}, qos=0), entry({"ts": NOW + 1, "t": 1}))
    writer.flush_now()
    counts = DeviceCounts.objects.get()
    assert (counts.qos0, counts.qos0_at, counts.packets) == (1, ARRIVAL, 2)


def test_a_batch_that_is_tried_again_keeps_its_conflict() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    edit_log.record(everything=True)  # the next batch finds its cache outdated and starts over
    store(writer, entry({"ts": NOW, "t": 2}), entry({"ts": NOW, "t": 3}))
    assert DeadLetter.objects.filter(reason="conflict").count() == 2


def test_a_fenced_writer_stores_nothing() -> None:
    writer = make_writer()
    Writer.objects.update(lease_until=None)
    other = make_writer(holder="other")
    with pytest.raises(SlotLost):
        store(writer, entry({"ts": NOW, "t": 1}))
    assert rows() == []
    store(other, entry({"ts": NOW, "t": 1}))
    assert len(rows()) == 1


def test_a_held_lease_is_not_given_away() -> None:
    make_writer()
    dialect = dialects.dialect()
    assert leases.acquire("ingest-0", "other", dialect) is None
    assert leases.renew("ingest-0", 1, dialect)
    assert not leases.renew("ingest-0", 0, dialect)
    leases.release("ingest-0", 1)
    assert leases.acquire("ingest-0", "other", dialect) == 2


def test_stamps_of_packets_without_own_time_are_found_after_a_restart() -> None:
    writer = make_writer()
    first = entry({"t": 1}, packet_id=5)
    store(writer, first)
    assert ArrivalStamp.objects.count() == 1
    stamps = ArrivalStamps()
    stamps.load(*arrival_stamps.read("ingest-0"))
    again = entry({"t": 1}, packet_id=5, received_at=ARRIVAL + 77)
    stamps.restore(again.packet)
    assert again.packet.received_at == ARRIVAL
    arrival_stamps.clear("ingest-0")
    assert ArrivalStamp.objects.count() == 0


@pytest.mark.parametrize(
    ("mode", "pending", "count"), [("pending", True, 1), ("accept", False, 1), ("reject", None, 0)]
)
def test_registration(settings: Any, mode: str, pending: bool | None, count: int) -> None:
    settings.MQTT_REGISTRATION = mode
    writer = make_writer()
    stored = store(writer, entry({"ts": NOW, "t": 1}))
    assert [device.pending for device in Device.objects.all()] == ([pending] if count else [])
    assert stored.readings == count
    assert stored.refused.total() == 1 - count


def test_the_source_can_say_otherwise_than_the_setting() -> None:
    Source.objects.update(registration="pending")
    store(make_writer(), entry({"ts": NOW, "t": 1}))
    assert Device.objects.get().pending


def test_a_device_that_was_registered_before_is_found_by_its_key() -> None:
    device = Device.objects.create(key="K~C3~BCche", name="Kitchen")
    store(make_writer(), entry({"ts": NOW, "t": 1}, device="Küche"))
    assert Device.objects.get() == device
    assert device.identities.get().native_id == "Küche"


def test_a_rejected_device_is_counted_and_not_stored() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    registry.reject(Device.objects.all())
    stored = store(writer, entry({"ts": NOW + 1, "t": 1}))
    assert (stored.readings, stored.refused) == (0, {"disabled": 1})
    assert Series.objects.count() == 0


def test_a_deleted_device_comes_back_as_a_new_one() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    old = Series.objects.get().pk
    registry.delete(Device.objects.all())
    store(writer, entry({"ts": NOW + 1, "t": 2}))
    assert Series.objects.get().pk != old
    assert Reading.objects.filter(series_id=Series.objects.get().pk).count() == 1


def test_status_keeps_its_since_while_the_word_stays() -> None:
    writer = make_writer()
    for word, at in (("online", 0), ("online", 5), ("offline", 9), ("online", 3)):
        store(
            writer,
            make_entry(word, "devices/press-3/status", received_at=ARRIVAL + at * 1_000_000),
        )
    device = Device.objects.get()
    assert device.status == "offline"
    assert device.status_since is not None
    assert round(device.status_since.timestamp() * 1e6) == ARRIVAL + 9_000_000


def test_times_of_being_offline_are_kept() -> None:
    writer = make_writer()
    words = (
        ("offline", 1),
        ("offline", 2),
        ("online", 4),
        ("online", 5),
        ("offline", 3),
        ("offline", 7),
    )
    for word, at in words:
        packet_at = ARRIVAL + at * 1_000_000
        store(writer, make_entry(word, "devices/press-3/status", received_at=packet_at))
    spans = Offline.objects.order_by("since").values_list("since", "until")
    second = 1_000_000
    assert [(s - ARRIVAL, u and u - ARRIVAL) for s, u in spans] == [
        (1 * second, 4 * second),
        (7 * second, None),
    ]


def test_counts_and_last_seen_are_written_for_a_new_device_at_once() -> None:
    store(make_writer(), entry({"ts": 1, "t": 1, "bad": [[]]}))
    counts = DeviceCounts.objects.get()
    assert (counts.packets, counts.bad_samples, counts.clock_replaced) == (1, 1, 1)
    assert counts.clock_difference_ms is not None
    device = Device.objects.get()
    assert device.last_seen is not None
    assert device.expected_by is not None
    assert device.expected_by > device.last_seen


def heard(writer: SlotWriter, *arrivals: int) -> Device:
    """Store a packet that arrived at each of `arrivals` (s after the first); flush each."""
    for at in arrivals:
        packet = entry({"t": at}, received_at=ARRIVAL + at * 1_000_000)
        store(writer, packet)
        writer.flush_now()
    return Device.objects.get()


def test_a_slow_but_healthy_device_becomes_stale_later() -> None:
    writer = make_writer()
    device = heard(writer, 0)
    assert device.expected_by is not None
    assert device.last_seen is not None
    assert device.expected_by - device.last_seen == timedelta(seconds=300)
    device = heard(writer, *range(3_600, 8 * 3_600, 3_600))
    assert device.expected_by - device.last_seen == pytest.approx(
        timedelta(hours=3), abs=timedelta(seconds=1)
    )
    # An outage of two days is not its cadence, nor is a burst.
    device = heard(writer, 8 * 3_600 + 172_800)
    assert device.expected_by - device.last_seen < timedelta(hours=7)
    device = heard(writer, *(8 * 3_600 + 172_800 + n for n in range(1, 5)))
    assert device.expected_by - device.last_seen > timedelta(hours=3)


def test_a_limit_that_somebody_set_is_not_learned_over() -> None:
    writer = make_writer()
    heard(writer, 0)
    Device.objects.update(stale_after_s=60)
    edit_log.record(everything=True)
    device = heard(writer, *range(3_600, 6 * 3_600, 3_600))
    assert device.expected_by is not None
    assert device.last_seen is not None
    assert device.expected_by - device.last_seen == timedelta(seconds=60)


def test_a_packet_that_the_database_refuses_is_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = make_writer()
    real = writer._dialect.insert

    def refuse(cursor: Any, some: Any, *, staged: bool) -> Any:
        if any(row.value == 13.0 for row in some):
            # Past Django's cursor, as COPY and executemany are.
            if connection.vendor == "postgresql":
                cursor.cursor.execute("SELECT 1/0")
            cursor.connection.cursor().execute("INSERT INTO devices_writer (name) VALUES (NULL)")
        return real(cursor, some, staged=staged)

    monkeypatch.setattr(writer._dialect, "insert", refuse)
    monkeypatch.setattr(writer._dialect, "commit_small", lambda *_given: None)
    stored = store(writer, *(entry({"ts": NOW + n, "t": n}) for n in range(10, 20)))
    assert stored.readings == 9
    assert 13.0 not in [row[3] for row in rows()]
    letter = DeadLetter.objects.get()
    assert letter.reason == "refused_by_database"
    assert json.loads(bytes(letter.payload))["t"] == 13


def test_rows_are_sent_before_the_slot_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is frozen while it sends must not hold what its successor needs."""
    writer = make_writer()
    real, seen = writer._dialect.stage, []

    def stage(cursor: Any, some: Any) -> None:
        seen.append(Writer.objects.get(name="ingest-0").seq)
        real(cursor, some)

    monkeypatch.setattr(writer._dialect, "stage", stage)
    store(writer, *(entry({"ts": NOW + n, "t": n}) for n in range(200)))
    assert set(seen) == {0}
    assert Writer.objects.get(name="ingest-0").seq == 1
    assert Reading.objects.count() == 200


def test_many_rows_of_many_series_with_some_known_already() -> None:
    writer = make_writer()
    first = [entry({"ts": NOW + n, "t": n, "u": -n}, device=f"d{n % 7}") for n in range(700)]
    store(writer, *first)
    again = [entry({"ts": NOW + n, "t": n, "u": -n}, device=f"d{n % 7}") for n in range(350, 1050)]
    stored = store(writer, *again)
    assert (stored.readings, stored.duplicates) == (700, 700)
    assert Reading.objects.count() == 2_100


@pytest.mark.parametrize("count", [3, 300])
def test_small_and_large_batches_leave_the_same(count: int) -> None:
    """A few rows go by one statement where the database can: nothing else may differ."""
    writer = make_writer()
    first = [entry({"t": n}, packet_id=n + 1, received_at=ARRIVAL + n) for n in range(count)]
    assert store(writer, *first).readings == count
    seq, packets = Writer.objects.values_list("seq", "packets").get(name="ingest-0")
    assert (seq, packets) == (1, count)
    assert Latest.objects.get().value == count - 1
    assert len(bytes(ArrivalStamp.objects.get().stamps)) == 18 * count
    touched = changes.since({"ingest-0": 0})
    assert [(low, high) for _s, low, high in touched[0].spans] == [(ARRIVAL, ARRIVAL + count - 1)]
    again = [entry({"t": n}, packet_id=n + 1, received_at=ARRIVAL + n) for n in range(count)]
    stored = store(writer, *again)
    assert (stored.readings, stored.duplicates) == (0, count)
    other = [entry({"t": -1.5}, packet_id=n + 1, received_at=ARRIVAL + n) for n in range(count)]
    assert store(writer, *other).conflicts == count
    assert DeadLetter.objects.count() == count
    assert Latest.objects.get().value == count - 1


def staged(writer: SlotWriter, *entries: Entry) -> Any:
    batch = make_batch(*entries)
    for one in entries:
        writer.stage(batch, one)
    return batch


def test_what_was_staged_while_the_batch_filled_is_stored() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    batch = staged(writer, entry({"ts": NOW + 1, "t": 2}), make_entry("nonsense"))
    stored = writer.store(batch)
    assert (stored.readings, stored.dead_letters) == (1, 1)


def test_an_unknown_device_is_not_staged_but_stored() -> None:
    writer = make_writer()
    batch = staged(writer, entry({"ts": NOW, "t": 1}), entry({"ts": NOW, "t": 1}, device="other"))
    assert writer.store(batch).readings == 2


def test_what_was_staged_before_the_registry_changed_is_prepared_again() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    batch = staged(writer, entry({"ts": NOW + 1, "t": 2}), entry({"ts": NOW + 1, "t": 3}))
    registry.reject(Device.objects.all())
    stored = writer.store(batch)
    assert (stored.readings, stored.refused) == (0, {"disabled": 2})


def test_a_staged_batch_that_failed_can_be_stored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    batch = staged(writer, entry({"ts": NOW, "t": 2}), entry({"ts": NOW + 1, "t": 3}))
    real = writer._writer._fence

    def once(*given: Any) -> Any:
        monkeypatch.setattr(writer._writer, "_fence", real)
        raise OperationalError("gone")

    monkeypatch.setattr(writer._writer, "_fence", once)
    with pytest.raises(OperationalError):
        writer.store(batch)
    stored = writer.store(batch)
    assert (stored.readings, stored.conflicts) == (1, 1)
    assert DeadLetter.objects.count() == 1


def test_tidy_keeps_what_a_redelivery_could_need() -> None:
    writer = make_writer()
    store(writer, entry({"t": 1}, packet_id=1))
    writer.tidy()
    assert ArrivalStamp.objects.count() == 1
    Writer.objects.update(packets=100_000)
    writer.tidy()
    assert ArrivalStamp.objects.count() == 0


def test_an_old_reading_beside_a_new_one_touches_nothing_in_between() -> None:
    old = ARRIVAL - 86_400_000_000
    writer = make_writer()
    store(
        writer,
        *(entry({"t": 1, "ts": ts / 1e3}) for ts in (old, old + 60_000_000, ARRIVAL - 1_000)),
    )
    change = changes.since({writer.name: 0})[0]
    assert [span[1:] for span in change.spans] == [
        (old, old + 60_000_000),
        (ARRIVAL - 1_000, ARRIVAL - 1_000),
    ]
