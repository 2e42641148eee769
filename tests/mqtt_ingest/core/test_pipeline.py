"""From packets to acknowledgements: order, group commit, bounds, the end."""

import asyncio
from typing import Any, ClassVar

import pytest

from devices.datetime_texts import zone_of
from mqtt_ingest.core import conventions
from mqtt_ingest.core.batching import Bounds
from mqtt_ingest.core.conventions import find, make, register
from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.conventions.native import Native
from mqtt_ingest.core.errors import SlotLost
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Batch, DeviceMessage, Entry, Packet
from mqtt_ingest.core.pipeline import Pipeline, Route, Router, decode
from mqtt_ingest.core.rate_limit import Throttle
from mqtt_ingest.core.redelivery import ArrivalStamps
from mqtt_ingest.storing.stored import Stored
from tests.support.factories import ARRIVAL, make_entry, make_packet, route, samples_of
from tests.support.fakes import RecordingSink, ScriptedSource


class Rig:
    """A pipeline between fakes."""

    def __init__(self, **options: object) -> None:
        self.source, self.sink = ScriptedSource(), RecordingSink()
        self.entries: list[Entry] = []
        self.stored: list[tuple[Batch, Stored]] = []
        self.pipeline = Pipeline(
            routes=options.pop("routes", [route()]),  # type: ignore[arg-type]
            source=self.source,
            sink=self.sink,
            stamps=ArrivalStamps(),
            bounds=options.pop("bounds", Bounds()),  # type: ignore[arg-type]
            on_entry=self.entries.append,
            on_stored=lambda batch, stored: self.stored.append((batch, stored)),
            **options,  # type: ignore[arg-type]
        )

    def feed(self, count: int) -> list[Packet]:
        packets = [make_packet(payload=f'{{"a": {n}}}', packet_id=n + 1) for n in range(count)]
        for packet in packets:
            self.pipeline.feed(packet)
        return packets

    async def finish(self) -> None:
        self.pipeline.stop()
        await asyncio.wait_for(self.pipeline.run(), 5)


async def test_packets_are_acknowledged_in_order_after_their_commit() -> None:
    rig = Rig()
    packets = rig.feed(3)
    assert rig.source.acknowledged == []
    await rig.finish()
    assert rig.source.acknowledged == packets
    assert [len(batch.entries) for batch in rig.sink.batches] == [3]
    assert rig.pipeline.queue.packets == rig.pipeline.queue.bytes == 0


async def test_while_a_commit_runs_the_next_batch_fills() -> None:
    rig = Rig()
    rig.sink.open.clear()
    running = asyncio.create_task(rig.pipeline.run())
    rig.feed(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rig.feed(5)
    rig.sink.open.set()
    rig.pipeline.stop()
    await running
    assert [len(batch.entries) for batch in rig.sink.batches] == [1, 5]


async def test_a_full_batch_starts_the_next_one_and_never_splits_a_packet() -> None:
    rig = Rig(bounds=Bounds(batch_packets=2, batch_samples=3))
    rig.feed(3)
    rig.pipeline.feed(make_packet(payload='{"a": 1, "b": 2, "c": 3}'))
    rig.pipeline.feed(make_packet(payload='{"a": 1}'))
    await rig.finish()
    assert [len(batch.entries) for batch in rig.sink.batches] == [2, 2, 1]


async def test_reading_stops_at_the_high_mark_and_starts_at_the_low_one() -> None:
    rig = Rig(bounds=Bounds(batch_packets=2, high_packets=4, low_packets=1))
    rig.feed(5)
    assert rig.source.calls == ["pause"]
    await rig.finish()
    assert rig.source.calls == ["pause", "resume"]


async def test_bytes_count_too() -> None:
    rig = Rig(bounds=Bounds(high_bytes=10, low_bytes=5))
    rig.feed(2)
    assert rig.source.calls == ["pause"]


async def test_a_lost_slot_acknowledges_nothing() -> None:
    rig = Rig()
    rig.feed(3)
    rig.sink.failure = SlotLost("gone")
    with pytest.raises(SlotLost):
        await rig.finish()
    assert rig.source.acknowledged == []


async def test_a_commit_interval_gathers() -> None:
    rig = Rig(bounds=Bounds(commit_interval=0.01))
    running = asyncio.create_task(rig.pipeline.run())
    rig.feed(1)
    await asyncio.sleep(0)
    rig.feed(1)
    while not rig.sink.batches:  # noqa: ASYNC110 - the sink is a fake
        await asyncio.sleep(0.005)
    rig.pipeline.stop()
    await running
    assert [len(batch.entries) for batch in rig.sink.batches] == [2]


async def test_it_waits_for_packets_without_spinning() -> None:
    rig = Rig()
    running = asyncio.create_task(rig.pipeline.run())
    await asyncio.sleep(0.01)
    assert rig.sink.batches == []
    rig.feed(1)
    rig.pipeline.stop()
    await running
    assert len(rig.stored) == 1


async def test_a_redelivered_packet_without_own_time_is_stored_at_its_first_time() -> None:
    rig = Rig()
    first = make_packet(payload='{"a": 1}', packet_id=3)
    rig.pipeline.feed(first)
    again = make_packet(
        payload='{"a": 1}', packet_id=3, received_at=first.received_at + 10_000, dup=True
    )
    rig.pipeline.feed(again)
    times = {entry.messages[0].samples[0].ts for entry in rig.entries if entry.messages}
    assert len(times) == 1


async def test_two_packets_of_one_microsecond_get_two_times() -> None:
    rig = Rig()
    rig.pipeline.feed(make_packet(payload='[{"a": 1}, {"a": 2}]', packet_id=1))
    rig.pipeline.feed(make_packet(payload='{"a": 3}', packet_id=2))
    times = [s.ts for entry in rig.entries if entry.messages for s in entry.messages[0].samples]
    assert len(set(times)) == 3


async def test_a_redelivery_in_between_does_not_free_a_microsecond() -> None:
    """Packets of one read share its time; some of them may be known, and go back to theirs."""
    rig = Rig()
    old, new = ARRIVAL, ARRIVAL + 20_000_000
    rig.pipeline.feed(make_packet(payload='{"a": 1}', packet_id=1, received_at=old))
    rig.pipeline.feed(make_packet(payload='{"a": 2}', packet_id=2, received_at=new))
    rig.pipeline.feed(make_packet(payload='{"a": 1}', packet_id=1, received_at=new, dup=True))
    rig.pipeline.feed(make_packet(payload='{"a": 3}', packet_id=3, received_at=new))
    assert [entry.packet.received_at for entry in rig.entries] == [old, new, old, new + 1]


async def test_at_qos_0_packets_of_one_microsecond_get_two_times_too() -> None:
    rig = Rig()
    for number in range(3):
        rig.pipeline.feed(make_packet(payload=f'{{"a": {number}}}', qos=0))
    times = [entry.packet.received_at for entry in rig.entries]
    assert times == [ARRIVAL, ARRIVAL + 1, ARRIVAL + 2]


class Broken(Convention):
    """A convention with a fault of its own."""

    name: ClassVar[str] = "broken"

    def decode(self, packet: Packet, limits: Limits) -> list[DeviceMessage] | None:
        raise ZeroDivisionError


def test_a_fault_in_a_decoder_keeps_the_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conventions, "_known", dict(conventions._known))
    register(Broken)
    entry = decode(make_packet(), Router([Route("x", make("broken"), Limits())]))
    assert entry.reason == "decoder_error"
    assert "(decode, line" in entry.detail


def test_an_unknown_convention_says_which_there_are() -> None:
    with pytest.raises(LookupError, match="native"):
        find("nonsense")


async def test_packets_are_read_by_the_routes_of_the_moment() -> None:
    rig = Rig()
    rig.pipeline.feed(make_packet(payload='{"a": 1}'))
    rig.pipeline.use([])
    assert rig.pipeline.routes == []
    rig.pipeline.feed(make_packet(payload='{"a": 2}'))
    await rig.finish()
    reasons = [entry.reason for batch in rig.sink.batches for entry in batch.entries]
    assert reasons == ["", "no_route"]


async def test_qos_0_is_never_redelivered_and_needs_no_stamp() -> None:
    rig = Rig()
    rig.pipeline.feed(make_packet(payload='{"a": 1}', qos=0))
    await rig.finish()
    assert len(rig.sink.batches) == 1
    assert len(rig.pipeline._stamps) == 0


async def test_a_throttle_looks_at_every_packet_before_it_is_queued() -> None:
    rig = Rig(throttle=Throttle(1))
    packets = rig.feed(50)
    await rig.finish()
    refused = [entry for entry in rig.entries if entry.reason == "throttled"]
    assert 0 < len(refused) < 50
    # What was refused is acknowledged too, in its place.
    assert rig.source.acknowledged == packets


async def test_only_what_was_stamped_is_remembered_for_redelivery() -> None:
    rig = Rig()
    own_time = f'{{"a": 1, "ts": {ARRIVAL // 1_000}}}'
    for packet_id, payload in enumerate((own_time, '{"a": 1}', "nonsense"), 1):
        rig.pipeline.feed(make_packet(payload=payload, packet_id=packet_id))
    await rig.finish()
    again = [
        make_packet(payload=payload, packet_id=packet_id, dup=True, received_at=ARRIVAL + 9_000_000)
        for packet_id, payload in enumerate((own_time, '{"a": 1}', "nonsense"), 1)
    ]
    for packet in again:
        rig.pipeline.feed(packet)
    # The stamped ones take their first arrival; the other needs none.
    assert [packet.received_at - ARRIVAL < 1_000 for packet in again] == [False, True, True]


async def test_at_qos_0_nothing_is_delivered_again_so_nothing_is_remembered() -> None:
    rig = Rig()
    for payload in ("nonsense", '{"a": 1}'):
        rig.pipeline.feed(make_packet(payload=payload, packet_id=1, qos=0))
    await rig.finish()
    again = make_packet(payload="nonsense", packet_id=1, dup=True, received_at=ARRIVAL + 9)
    rig.pipeline.feed(again)
    assert again.received_at == ARRIVAL + 9


@pytest.mark.parametrize("session", ["device", ""])
async def test_who_sends_on_after_the_acknowledgement_is_not_held_up(session: str) -> None:
    rig = Rig(bounds=Bounds(commit_interval=30.0))
    running = asyncio.create_task(rig.pipeline.run())

    def send(count: int) -> None:
        for _n in range(count):
            rig.pipeline.feed(make_packet(payload='{"a": 1}', session=session))

    async def commits(number: int) -> None:
        while len(rig.sink.batches) < number:  # noqa: ASYNC110 - nobody else tells
            await asyncio.sleep(0)

    send(1)
    rig.pipeline._haste.now()  # the interval has passed
    await asyncio.wait_for(commits(1), 5)
    for number in range(2, 5):
        send(1 if session else 10)
        await asyncio.wait_for(commits(number), 5)
    rig.pipeline.stop()
    await asyncio.wait_for(running, 5)


async def test_who_sends_now_and_then_waits_for_the_interval() -> None:
    rig = Rig(bounds=Bounds(commit_interval=30.0))
    now = 100.0
    rig.pipeline._clock = lambda: now
    rig.pipeline._haste.acknowledged([make_packet(session="device")], now)
    now += 0.6
    rig.pipeline.feed(make_packet(payload='{"a": 1}', session="device"))
    rig.pipeline.feed(make_packet(payload='{"a": 1}', session="another"))
    rig.pipeline.feed(make_packet(payload='{"a": 1}', session="device", qos=0))
    assert not rig.pipeline._haste._hurry.is_set()


async def test_while_commits_rest_packets_are_still_read_as_they_come() -> None:
    rig = Rig(bounds=Bounds(commit_interval=30.0))
    now = 100.0
    rig.pipeline._clock = lambda: now
    rig.feed(1)
    now += 34.0
    rig.feed(1)
    assert not rig.pipeline.paused
    now += 2.0
    rig.feed(1)
    assert rig.pipeline.paused
    await rig.finish()
    assert not rig.pipeline.paused


async def test_a_redelivery_means_the_same_of_two_hours() -> None:
    half = 1_761_440_400_000_000 - 1_800_000_000  # 2025-10-26 00:30 UTC, as clocks are set back
    rig = Rig(routes=[route(zone=zone_of("Europe/Berlin"))])
    payload = '{"ts": "2025-10-26 02:30", "t": 1}'
    rig.pipeline.feed(make_packet(payload=payload, packet_id=3, received_at=half))
    late = make_packet(payload=payload, packet_id=3, dup=True, received_at=half + 3_000_000_000)
    rig.pipeline.feed(late)
    times = [entry.messages[0].samples[0].ts for entry in rig.entries if entry.messages]
    assert times == [half] * 2


# --- what a broker keeps ----------------------------------------------------------
def kept(payload: str, topic: str = "devices/press-3/telemetry") -> Entry:
    return make_entry(payload, topic, retain=True)


def known(entry: Entry) -> dict[str, Any]:
    return {one.metric: one.value for message in entry.known for one in message.samples}


def test_what_is_kept_without_a_time_is_known_last_and_no_reading() -> None:
    entry = kept('{"t": 21.5, "on": true}')
    assert entry.messages is not None
    assert entry.samples == 0
    assert known(entry) == {"t": 21.5, "on": 1.0}
    assert make_entry('{"t": 21.5}').known == ()


def test_what_is_kept_with_its_time_is_a_reading_and_nothing_else() -> None:
    entry = kept(f'{{"t": 21.5, "ts": {ARRIVAL // 1_000}}}')
    assert samples_of(entry) == {"t": 21.5}
    assert entry.known == []


def test_of_a_list_what_has_a_time_is_not_known_twice() -> None:
    entry = kept(f'[{{"t": 1, "ts": {ARRIVAL // 1_000}}}, {{"t": 2, "u": 3}}]')
    assert samples_of(entry) == {"t": 1.0}
    assert known(entry) == {"u": 3.0}


def test_what_is_kept_and_cannot_be_read_is_not_known() -> None:
    assert kept("{").known == ()
    assert kept("").known == []
    assert kept("online", "devices/press-3/status").known == []


class Moody(Native):
    """Fails when it is asked a second time."""

    def decode(self, packet: Packet, limits: Limits) -> Any:
        if not packet.retain:
            raise RuntimeError("again?")
        return super().decode(packet, limits)


def test_a_decoder_that_fails_the_second_time_has_read_the_first() -> None:
    moody = Route("moody", Moody(), Limits())
    entry = decode(make_packet("devices/a/status", "online", retain=True), Router([moody]))
    assert entry.messages is not None
    assert entry.messages[0].status == "online"
    assert entry.known == []
