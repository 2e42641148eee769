"""Whose clock is wrong: ours, or a device's."""

import json

import pytest

from mqtt_ingest.core import conventions
from mqtt_ingest.core.clocks import CLOSE, EVERY, MOST, RECENT, VOTERS, DeviceClocks
from mqtt_ingest.core.limits import MICROSECONDS, Limits
from mqtt_ingest.core.router import Route
from tests.mqtt_ingest.core.test_pipeline import Rig
from tests.support.factories import ARRIVAL, make_packet

DAY = 86_400 * MICROSECONDS
HOUR = DAY // 24


def heard(*differences: int) -> DeviceClocks:
    clocks = DeviceClocks()
    for number, difference in enumerate(differences):
        clocks.hear(("native", f"d{number}"), difference, ARRIVAL)
    return clocks


@pytest.mark.parametrize(
    ("differences", "ahead"),
    [
        ((60 * DAY, 60 * DAY, 60 * DAY), 60 * DAY),
        ((60 * DAY, 60 * DAY + CLOSE, 60 * DAY - CLOSE), 60 * DAY),
        ((2 * HOUR, 2 * HOUR, 2 * HOUR, -9 * DAY), 2 * HOUR),
        ((60 * DAY, 60 * DAY), 0),  # two may be wrong alike
        ((60 * DAY, 60 * DAY, 60 * DAY, 0, 0), 0),  # ours is not the odd one
        ((60 * DAY, 90 * DAY, 120 * DAY), 0),  # they do not agree
        ((0, 0, 60 * DAY), 0),
        ((-60 * DAY, -60 * DAY, -60 * DAY), 0),  # backlogs
        ((HOUR // 2, HOUR // 2, HOUR // 2), 0),  # believed anyway
    ],
)
def test_devices_that_agree_outvote_our_clock(differences: tuple[int, ...], ahead: int) -> None:
    assert heard(*differences).ahead == ahead


def test_a_device_has_one_vote() -> None:
    clocks = DeviceClocks()
    for n in range(5):
        clocks.hear(("native", "a"), 60 * DAY, ARRIVAL + n)
    assert clocks.ahead == 0


def test_it_ends_when_our_clock_is_set() -> None:
    clocks = heard(*[60 * DAY] * 3)
    for number in range(3):
        clocks.hear(("native", f"d{number}"), 0, ARRIVAL + 60 * DAY)
    assert clocks.ahead == 0


def test_who_was_not_heard_lately_has_no_say() -> None:
    clocks = heard(60 * DAY, 60 * DAY)
    clocks.hear(("native", "late"), 60 * DAY, ARRIVAL + RECENT + 1)
    assert clocks.ahead == 0


def test_memory_is_bounded() -> None:
    assert len(heard(*[0] * (VOTERS + 50))._votes) == VOTERS


def test_times_are_kept_while_accepted_devices_agree() -> None:
    rig = Rig()
    rig.sink.trusted = {"a", "b", "c"}
    ahead = (ARRIVAL + 60 * DAY) // 1_000
    for native in ("a", "b", "c", "a", "stranger"):
        payload = json.dumps({"ts": ahead, "x": 1})
        rig.pipeline.feed(make_packet(f"devices/{native}/telemetry", payload))
    times = [entry.messages[0].samples[0].ts for entry in rig.entries if entry.messages]
    assert [ts // DAY for ts in times[3:]] == [ahead * 1_000 // DAY] * 2
    assert all(ts < ARRIVAL + DAY for ts in times[:3])


@pytest.mark.parametrize("ts", ['"2026-01-19 23:33:44"', None])
def test_local_times_and_strangers_have_no_say(ts: str | None) -> None:
    rig = Rig()
    rig.sink.trusted = {"a", "b", "c"} if ts else set()
    payload = f'{{"ts": {ts or (ARRIVAL + 60 * DAY) // 1_000}, "x": 1}}'
    for native in ("a", "b", "c", "a"):
        rig.pipeline.feed(make_packet(f"devices/{native}/telemetry", payload))
    assert rig.pipeline.clocks.ahead == 0


def test_what_was_known_before_holds_until_enough_were_heard_again() -> None:
    clocks = DeviceClocks()
    clocks.ahead = 60 * DAY
    found = []
    for number in range(4):
        clocks.hear(("native", f"d{number}"), 60 * DAY + number, ARRIVAL)
        found.append(clocks.ahead // DAY)
    assert found == [60] * 4
    for number in range(4):
        clocks.hear(("native", f"d{number}"), 0, ARRIVAL + 60 * DAY)
    assert clocks.ahead == 0


def test_what_was_stored_at_its_arrival_is_so_again() -> None:
    rig = Rig()
    payload = json.dumps({"ts": (ARRIVAL + 60 * DAY) // 1_000, "x": 1})
    rig.pipeline.feed(make_packet(payload=payload, packet_id=7))
    rig.pipeline.clocks.ahead = 60 * DAY
    rig.pipeline.feed(make_packet(payload=payload, packet_id=7, dup=True, received_at=ARRIVAL + 99))
    times = [entry.messages[0].samples[0].ts for entry in rig.entries if entry.messages]
    assert times == [ARRIVAL] * 2


def test_once_enough_devices_were_heard_some_messages_are_asked_and_no_device_is_left_out() -> None:
    clocks = DeviceClocks()
    asked: set[int] = set()
    for place in range(VOTERS * EVERY * 2):
        device = place % (VOTERS + 50)
        if clocks.wants():
            asked.add(device)
            clocks.hear(("native", str(device)), 0, place)
    assert asked == set(range(VOTERS + 50))


def test_who_says_now_this_now_that_has_no_say() -> None:
    clocks = DeviceClocks()
    for turn in range(6):
        # Five devices, and somebody who speaks in their names.
        for number in range(5):
            clocks.hear(("native", f"d{number}"), (turn % 2) * 60 * DAY, ARRIVAL + turn)
            assert clocks.ahead == 0


def test_nobody_moves_now_by_more_than_a_server_was_ever_off() -> None:
    assert heard(*[MOST - DAY] * 5).ahead == MOST - DAY
    assert heard(*[MOST + DAY] * 12).ahead == 0


def test_what_devices_say_the_time_is_makes_no_reading_too_old() -> None:
    limits = Limits(retention=365 * DAY)
    rig = Rig(routes=[Route("native", conventions.make("native"), limits, ("#",))])
    rig.pipeline.clocks.ahead = 3 * 365 * DAY
    rig.pipeline.feed(make_packet(payload=json.dumps({"ts": ARRIVAL // 1_000, "x": 1})))
    last = rig.entries[-1]
    assert last.messages
    assert len(last.messages[0].samples) == 1
    assert not last.messages[0].expired
