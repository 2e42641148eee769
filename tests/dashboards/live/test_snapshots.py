"""Snapshots: full ones, and what a client missed, from the change log.

`make test` runs this file on SQLite and on PostgreSQL.
"""

import json
import random
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from dashboards.live import snapshot_frames, snapshots
from dashboards.live.frames import BadFrame, Subscribe, parse_subscribe
from dashboards.live.resume_token import ResumeToken, parse_token
from dashboards.live.snapshots import Snapshot
from dashboards.live.subscriptions import Subscription
from devices import corrections
from devices.access import Scope
from devices.changelog import changes
from devices.corrections import CannotCorrect
from devices.models import Series
from mqtt_ingest.storing.slot_writer import SlotWriter
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.client_store import Screen
from tests.support.factories import make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
SECOND = 1_000_000
STAFF = Scope(everything=True)


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


@pytest.fixture
def writer() -> SlotWriter:
    return make_writer()


def now_us() -> int:
    return time.time_ns() // 1_000


def put(
    writer: SlotWriter, device: str, points: dict[int, Any], received_at: int | None = None
) -> None:
    """Store values of metric `t`, by their time in µs."""
    at = received_at or now_us()
    topic = f"devices/{device}/telemetry"
    entries = [
        make_entry(json.dumps({"ts": ts / 1e3, "t": value}), topic, received_at=at)
        for ts, value in points.items()
    ]
    writer.store(make_batch(*entries))


def wanted(**frame: Any) -> Subscribe:
    return parse_subscribe({"t": "sub", "id": 1, "keys": ["a/*", "b/*"], **frame}, 10)


def show(screen: Screen, asked: Subscribe, now: int) -> Snapshot:
    """Have `screen` come (back) with `asked`, and draw what it is answered."""
    snapshot = snapshots.read(asked, STAFF, now, 500, parse_token(screen.cursor))
    subscription = Subscription(asked)
    subscription.begin(snapshot, last=True)
    screen.take(json.loads(json.dumps(subscription.ack(snapshot))))
    for frame in snapshot_frames.frames(snapshot, 1, subscription.index, {}):
        screen.take(json.loads(json.dumps(frame)))
    return snapshot


def test_what_was_missed_is_a_patch_of_it_alone(writer: SlotWriter) -> None:
    now = now_us()
    put(writer, "a", {now - n * SECOND: n for n in range(1, 50)})
    put(writer, "b", {now - n * SECOND: n for n in range(1, 50)})
    screen = Screen()
    show(screen, wanted(), now)
    put(writer, "a", {now + SECOND: 100, now - 9 * SECOND - 5_000: 101})
    missed = show(screen, wanted(), now)
    assert screen.modes == ["full", "patch"]
    a = Series.objects.get(device__key="a").pk
    assert missed.ranges == {a: [(now - 9 * SECOND - 5_000, now + SECOND)]}
    assert len(screen.points["a/t"]) == 51


def test_nothing_missed_is_an_empty_patch(writer: SlotWriter) -> None:
    put(writer, "a", {now_us(): 1})
    screen = Screen()
    show(screen, wanted(), now_us())
    missed = show(screen, wanted(), now_us())
    assert (missed.ranges, missed.columns) == ({}, {})
    assert list(screen.points["a/t"].values()) == [1]


def test_other_series_bins_windows_or_old_places_are_answered_in_full(writer: SlotWriter) -> None:
    now = now_us()
    put(writer, "a", {now - n * SECOND: n for n in range(1, 50)})
    screen = Screen()
    place = show(screen, wanted(), now).place
    for other in (
        replace(place, at=place.at - 1_000),
        replace(place, width=SECOND),
        replace(place, shape="x"),
        replace(place, cursor={"ingest-0": 10**9}),
        replace(place, cursor={"gone": 1}),
    ):
        assert snapshots.read(wanted(), STAFF, now, 500, other).ranges is None, other
    assert snapshots.read(wanted(**{"from": -7_200_000}), STAFF, now, 500, place).ranges is None
    put(writer, "b", {now: 1})
    assert snapshots.read(wanted(), STAFF, now, 500, place).ranges is None


def test_more_batches_than_are_read_are_answered_in_full(
    writer: SlotWriter, monkeypatch: Any
) -> None:
    now = now_us()
    put(writer, "a", {now: 0})
    place = snapshots.read(wanted(), STAFF, now, 500, None).place
    for n in range(3):
        put(writer, "a", {now - n * 10: n})
    for name in ("MISSED_BATCHES", "MISSED_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(changes, name, 2)
            assert snapshots.read(wanted(), STAFF, now, 500, place).ranges is None
    assert snapshots.read(wanted(), STAFF, now, 500, place).ranges is not None


@pytest.mark.parametrize("seed", range(6))
def test_whoever_comes_back_sees_what_a_fresh_load_shows(writer: SlotWriter, seed: int) -> None:
    """Rows, late rows, marks and undone marks, in any order; exact rows, bins and newest values."""
    rng, now = random.Random(seed), now_us()
    for device in "ab":
        put(writer, device, {now - rng.randrange(3_600 * SECOND): n for n in range(30)})
    asked = [wanted(), wanted(points=20), wanted(kind="latest")]
    screens = [(Screen(), asked[n % 3]) for n in range(9)]
    marks: list[Any] = []
    for _round in range(40):
        for _ in range(rng.randrange(4)):
            _change(writer, rng, now, marks)
        screen, sub = rng.choice(screens)
        show(screen, sub, now)
        needs_snapshot = Screen()
        show(needs_snapshot, sub, now)
        assert screen.bin_ms == needs_snapshot.bin_ms
        assert screen.since(0) == needs_snapshot.since(0)
    assert sum(screen.modes.count("patch") for screen, _sub in screens) > 15


def _change(writer: SlotWriter, rng: random.Random, now: int, marks: list[Any]) -> None:
    device = rng.choice("ab")
    kind = rng.random()
    if kind < 0.5:
        put(writer, device, {now - rng.randrange(4_000) * SECOND: rng.random() for _ in range(3)})
    elif kind < 0.8 or not marks:
        start = now - rng.randrange(4_000 * SECOND)
        series = Series.objects.get(device__key=device).pk
        end = start + rng.randrange(600 * SECOND)
        with suppress(CannotCorrect):  # nothing is there
            marks.append(corrections.correct(series, start, end, "bad", "tested", None))
    else:
        corrections.undo(marks.pop(rng.randrange(len(marks))), None)


def test_too_many_series_say_how_many_are_allowed(writer: SlotWriter) -> None:
    put(writer, "a", {now_us(): 1})
    with pytest.raises(BadFrame, match="1 series more, 0 more are allowed"):
        snapshots.read(wanted(), STAFF, now_us(), 0, None)
    known = [info.pk for info in snapshots.read(wanted(), STAFF, now_us(), 1, None).infos.values()]
    assert snapshots.read(wanted(), STAFF, now_us(), 0, None, known).infos.keys() == set(known)


def test_a_place_survives_its_text() -> None:
    place = ResumeToken(15 * SECOND, "abc", {"ingest-0": 5, "edit": 1}, 1_763_681_624)
    assert parse_token(str(place)) == place


@pytest.mark.parametrize(
    "text", ["", "x", "0,1,2,s", "1,a,0,s", "1,1,0,s,w:-1", f"1,1,0,s,w:{2**63}"]
)
def test_a_broken_place_is_none(text: str) -> None:
    assert parse_token(text) is None
