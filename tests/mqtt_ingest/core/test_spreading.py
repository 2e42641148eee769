"""Equal device times, spread by arrival."""

import pytest

from mqtt_ingest.core import spreading
from mqtt_ingest.core.limits import MICROSECONDS
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.redelivery import ArrivalStamps, pack
from tests.mqtt_ingest.core.test_pipeline import Rig
from tests.support.factories import ARRIVAL, make_packet, route

SECOND = ARRIVAL // MICROSECONDS


def packets(count: int, hz: int = 5) -> list[Packet]:
    """Return packets of a clock of whole seconds, from the middle of a second on."""
    begin = ARRIVAL + 377_000
    times = [begin + n * MICROSECONDS // hz for n in range(count)]
    return [
        make_packet(
            payload=f'{{"ts": {at // MICROSECONDS}, "t": {n}}}', packet_id=n + 1, received_at=at
        )
        for n, at in enumerate(times)
    ]


def times_of(rig: Rig) -> list[int]:
    return [s.ts for entry in rig.entries if entry.messages for s in entry.messages[0].samples]


def rig_of(**options: object) -> Rig:
    return Rig(routes=[route(spread_equal=True)], **options)


def test_five_packets_a_second_get_five_times_in_order() -> None:
    rig = rig_of()
    for packet in packets(20):
        rig.pipeline.feed(packet)
    times = times_of(rig)
    assert len(set(times)) == 20
    assert times == sorted(times)
    told = [packet.payload for packet in packets(20)]
    assert all(
        str(ts // MICROSECONDS).encode() in payload for ts, payload in zip(times, told, strict=True)
    )


def test_the_first_of_a_second_keeps_its_time() -> None:
    rig = rig_of()
    rig.pipeline.feed(packets(1)[0])
    assert times_of(rig) == [SECOND * MICROSECONDS]


def test_a_burst_at_one_moment_gets_steps_of_a_microsecond() -> None:
    rig = rig_of()
    for n in range(3):
        rig.pipeline.feed(make_packet(payload=f'{{"ts": {SECOND}, "t": {n}}}', packet_id=n + 1))
    rig.pipeline.feed(
        make_packet(payload=f'[{{"ts": {SECOND}, "t": 8}}, {{"ts": {SECOND}, "t": 9}}]')
    )
    assert len(set(times_of(rig))) == 5


def test_a_redelivery_gets_the_time_it_had_even_by_another_worker() -> None:
    before = rig_of()
    sent = packets(7)
    for packet in sent:
        before.pipeline.feed(packet)
    stamps = ArrivalStamps()
    stamps.load(7, [(7, pack(sent))])
    after = Rig(routes=[route(spread_equal=True)])
    after.pipeline._stamps = stamps
    for packet in packets(7)[3:]:
        packet.dup, packet.received_at = True, packet.received_at + 30 * MICROSECONDS
        after.pipeline.feed(packet)
    assert times_of(after) == times_of(before)[3:]


def test_without_the_setting_times_are_as_they_came() -> None:
    rig = Rig()
    for packet in packets(5):
        rig.pipeline.feed(packet)
    assert len(set(times_of(rig))) == 2


def test_what_has_no_time_of_its_own_and_what_cannot_be_read_stay_as_they_are() -> None:
    rig = rig_of()
    for payload in ('{"t": 1}', "{", "{}"):
        rig.pipeline.feed(make_packet(payload=payload))
    assert times_of(rig) == [ARRIVAL]
    assert [entry.reason for entry in rig.entries] == ["", "not_json", ""]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "CAPACITY", 2)
    rig = rig_of()
    for name in "abca":
        rig.pipeline.feed(make_packet(f"devices/{name}/telemetry", f'{{"ts": {SECOND}, "t": 1}}'))
    assert len(rig.pipeline._spreading._devices) == 2


def test_after_a_stall_none_is_lost() -> None:
    rig = rig_of()
    for n, late in enumerate((0, 2_000_000, 2_001_000, 2_002_000, 9_000_000)):
        payload = f'{{"ts": {SECOND}, "t": {n}}}'
        rig.pipeline.feed(make_packet(payload=payload, packet_id=n + 1, received_at=ARRIVAL + late))
    times = times_of(rig)
    assert times == sorted(set(times))
    assert {ts // MICROSECONDS for ts in times} == {SECOND}


def test_lists_that_meet_in_a_second_share_it() -> None:
    rig = rig_of()
    for n, seconds in enumerate(((0, 1), (1, 2), (0, 1, 1))):
        records = [f'{{"ts": {SECOND + second}, "t": {n}, "u": 1}}' for second in seconds]
        payload = f"[{','.join(records)}]"
        rig.pipeline.feed(make_packet(payload=payload, received_at=ARRIVAL + n * 300_000))
    times = times_of(rig)
    # Two values a record share its time.
    assert len(set(times)) * 2 == len(times) == 14


def test_records_without_a_time_of_their_own_are_left_alone() -> None:
    rig = rig_of()
    rig.pipeline.feed(make_packet(payload=f'{{"ts": {SECOND}, "t": 1}}'))
    rig.pipeline.feed(make_packet(payload=f'[{{"ts": {SECOND}, "t": 2}}, {{"h": 5}}]'))
    assert times_of(rig)[1:] == [SECOND * MICROSECONDS, ARRIVAL + 1]


def test_of_each_device_the_last_times_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "TIMES", 2)
    rig = rig_of()
    for at, second in enumerate([0, 1, 2, 0, 2]):
        body = f'{{"ts": {SECOND + second}, "t": 1}}'
        rig.pipeline.feed(make_packet(payload=body, packet_id=at + 1, received_at=ARRIVAL + at))
    begins = [SECOND * MICROSECONDS + n * MICROSECONDS for n in range(3)]
    # The first second is forgotten, the last one is not.
    assert times_of(rig) == [*begins, begins[0], begins[2] + 2]
