"""The live protocol v1, spoken with the real web process and worker."""

import json
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from devices.access import throttle
from tests.support.client_store import Screen
from tests.support.services import PATIENCE, wait_until
from tests.support.stack import Plant, publish

pytestmark = pytest.mark.services
Frame = dict[str, Any]


class Page:
    """A client of the live socket."""

    def __init__(self, plant: Plant, token: str) -> None:
        self.socket: ClientConnection = connect(
            f"ws://127.0.0.1:{plant.web_port}/ws/live/",
            subprotocols=["iotbridge.v1.json"],  # type: ignore[list-item] # a NewType
            max_size=None,
        )
        self.send({"t": "auth", "token": token})
        self.hello = self.next("hello")

    def send(self, frame: Any) -> None:
        self.socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    def receive(self, seconds: float = 10) -> Frame:
        return dict(json.loads(self.socket.recv(timeout=seconds * PATIENCE)))

    def next(
        self, kind: str, where: Callable[[Frame], object] = bool, acknowledge: bool = True
    ) -> Frame:
        """Return the next frame of a kind; acknowledge state frames on the way."""
        until = time.monotonic() + 10 * PATIENCE
        while time.monotonic() < until:
            frame = self.receive()
            if acknowledge and "seq" in frame:
                self.send({"t": "rx", "seq": frame["seq"]})
            if frame["t"] == kind and where(frame):
                return frame
        raise TimeoutError(kind)

    def first_values(self, sub: int, k: str) -> list[Any]:
        """Return the first values of series `k`, by whichever frame they come."""
        until = time.monotonic() + 10 * PATIENCE
        while time.monotonic() < until:
            frame = self.receive()
            if "seq" in frame:
                self.send({"t": "rx", "seq": frame["seq"]})
            if frame["t"] in {"snap", "upd"} and frame["id"] == sub:
                found = values_of(frame, k)
                if found:
                    return found
        raise TimeoutError(k)

    def silent_for(self, seconds: float) -> bool:
        """Return whether no state frame comes for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if "seq" in self.receive(0.2):
                    return False
            except TimeoutError:
                continue
        return True

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def live(plant: Plant) -> Plant:
    plant.worker()
    plant.web()
    plant.add_user()
    send(plant, 1, 2, 3)
    wait_until(lambda: plant.count() == 6, "the first rows")
    return plant


def send(plant: Plant, *values: float, device: str = "a") -> None:
    publish(
        plant, [(f"devices/{device}/telemetry", json.dumps({"t": v, "on": v > 1})) for v in values]
    )


def shell(plant: Plant, *lines: str) -> None:
    """Run Python in the project, as a person's change would."""
    imports = (
        "from django.contrib.auth.models import User",
        "from devices.models import ApiToken, Device, Membership, Site",
    )
    plant.manage("shell", "-v", "0", "-c", "\n".join((*imports, *lines)))


def values_of(frame: Frame, k: str) -> list[Any]:
    if frame["t"] == "snap":
        return list(frame["cols"].get(k, {}).get("value", []))
    return [row[1] for row in frame["d"].get(k, [])]


def k_of(ack: Frame, key: str) -> str:
    return next(k for k, info in ack["series"].items() if info["key"] == key)


def test_a_page_from_hello_to_update(live: Plant) -> None:
    page = Page(live, live.token())
    assert page.hello["v"] == 1
    assert page.hello["limits"] == {"series": 500, "rate_hz": 10}
    assert abs(page.hello["now"] - time.time() * 1_000) < 60_000
    page.send({"t": "sub", "id": 1, "keys": ["a/*", "b/t", "a/none"], "rate_hz": 10})
    ack = page.next("ack")
    assert ack["bin_ms"] == 0
    assert ack["denied"] == ["b/t", "a/none"]
    k = k_of(ack, "a/t")
    assert ack["series"][k] == {
        **{"key": "a/t", "unit": "", "kind": "number"},
        "expire_ms": 0,
    }
    snap = page.next("snap")
    assert (snap["mode"], snap["part"], snap["of"]) == ("full", 1, 1)
    assert values_of(snap, k) == [1, 2, 3]
    assert values_of(snap, k_of(ack, "a/on")) == [False, True, True]
    assert snap["devices"]["a"]["state"] == "online"
    send(live, 4)
    update = page.next("upd", lambda frame: frame["d"])
    assert values_of(update, k) == [4]
    assert update["seq"] > snap["seq"]
    assert page.next("hb")["ingest"]["state"] in {"up", "unknown"}
    page.send({"t": "unsub", "id": 1})
    send(live, 5)
    assert page.silent_for(0.7)
    page.close()


def test_whoever_comes_back_is_sent_what_it_missed(live: Plant) -> None:
    page, screen = Page(live, live.token()), Screen()
    sub = {"t": "sub", "id": 1, "keys": ["a/t"], "rate_hz": 10}
    page.send(sub)
    for kind in ("ack", "snap"):
        screen.take(page.next(kind))
    first = screen.cursor
    value = 10
    while screen.cursor.split(",")[4:] == first.split(",")[4:]:  # until healing has confirmed some
        send(live, value)
        value += 1
        screen.take(page.next("upd", lambda frame: frame["d"]))
    page.close()
    send(live, -1, -2)
    wait_until(lambda: live.count() == 2 * (3 + value - 10 + 2), "all rows")
    page = Page(live, live.token())
    page.send({**sub, "after": screen.cursor})
    screen.take(page.next("ack"))
    missed = page.next("snap")
    assert missed["mode"] == "patch"
    assert len(missed["cols"]["0"]["ts"]) < 3 + value - 10 + 2
    screen.take(missed)
    shown = sorted(screen.points["a/t"].values())
    assert shown == [-2, -1, 1, 2, 3, *range(10, value)]
    page.send({**sub, "after": "of another version"})
    page.next("ack")
    assert page.next("snap")["mode"] == "full"
    page.close()


def test_a_new_metric_joins_a_wildcard_and_a_will_changes_the_state(live: Plant) -> None:
    page = Page(live, live.token())
    page.send({"t": "sub", "id": 1, "keys": ["a/*"], "rate_hz": 10})
    page.next("snap")
    publish(live, [("devices/a/telemetry", '{"new": 7}')])
    ack = page.next("ack")
    assert values_of(page.next("snap"), k_of(ack, "a/new")) == [7]
    publish(live, [("devices/a/status", "offline")])
    update = page.next("upd", lambda frame: frame.get("devices"))
    assert update["devices"]["a"]["state"] == "offline"
    page.close()


def test_what_was_lost_is_said(live: Plant) -> None:
    def lose(reason: str, since: int) -> None:
        live.sql(
            "INSERT INTO devices_loss (device_id, reason, since, until, packets, detail) "
            f"SELECT id, '{reason}', {since}, {since + 2_000_000}, 7, '' FROM devices_device"
        )

    page, now = Page(live, live.token()), int(time.time() * 1e6) // 1_000_000 * 1_000_000
    lose("throttled", now - 60_000_000)
    lose("dead_letters_discarded", now - 90_000_000)
    page.send({"t": "sub", "id": 1, "keys": ["a/*"], "rate_hz": 10})
    page.next("snap")
    gap = page.next("gap")
    assert (gap["from"], gap["to"]) == (now / 1e3 - 60_000, now / 1e3 - 58_000)
    assert gap["keys"] == [0, 1]
    assert "DEVICE_RATE_LIMIT" in gap["why"]
    lose("throttled", now - 5_000_000)
    assert page.next("gap")["from"] == now / 1e3 - 5_000
    page.close()


def test_withdrawn_rights_end_what_is_shown(live: Plant) -> None:
    live.add_user("vera")
    live.sql("UPDATE auth_user SET is_staff = false, is_superuser = false WHERE username = 'vera'")
    shell(
        live,
        "site = Site.objects.create(name='S', slug='s')",
        "Device.objects.update(site=site, pending=False)",
        "vera = User.objects.get(username='vera')",
        "Membership.objects.create(user=vera, site=site, role='viewer')",
    )
    page = Page(live, live.token("vera"))
    page.send({"t": "sub", "id": 1, "keys": ["a/t"], "rate_hz": 10})
    assert page.next("ack")["denied"] == []
    page.next("snap")
    shell(live, "Membership.objects.all().delete()")
    ack = page.next("ack")
    assert (ack["series"], ack["denied"]) == ({}, ["a/t"])
    snap = page.next("snap")
    assert (snap["mode"], snap["cols"], snap["devices"]) == ("full", {}, {})
    send(live, 5)
    assert page.silent_for(0.7)
    shell(live, "ApiToken.objects.all().delete()")
    assert page.next("bye")["code"] == "auth"
    with pytest.raises(ConnectionClosed):
        page.receive()


def test_a_server_that_stops_says_when_to_come_back(live: Plant) -> None:
    page = Page(live, live.token())
    live.processes[-1].send(signal.SIGTERM)
    bye = page.next("bye")
    assert bye["code"] == "restart"
    assert bye["retry_ms"] > 0
    with pytest.raises(ConnectionClosed):
        page.receive()


def test_too_many_pages_and_frames_that_are_too_large_are_refused(plant: Plant) -> None:
    plant.env["LIVE_MAX_SOCKETS_PER_USER"] = "1"
    plant.web()
    plant.add_user()
    token = plant.token()
    page = Page(plant, token)
    with connect(f"ws://127.0.0.1:{plant.web_port}/ws/live/") as second:
        second.send(json.dumps({"t": "auth", "token": token}))
        error = json.loads(second.recv(timeout=10))
        assert (error["code"], error["msg"]) == (
            "too_many",
            "you have 1 open pages, 1 are allowed",
        )
        with pytest.raises(ConnectionClosed):
            second.recv(timeout=10)
    page.send({"t": "ping", "x": "x" * 100_000})
    assert "65536 characters" in page.next("err")["msg"]
    # The server may close it before all of the frame is sent.
    with suppress(ConnectionClosed):
        page.send("x" * 2_000_000)
    with pytest.raises(ConnectionClosed):
        page.next("pong")


def test_latest_values_and_fleet_counts(live: Plant) -> None:
    page = Page(live, live.token())
    page.send({"t": "sub", "id": 2, "kind": "latest", "keys": ["a/t"], "rate_hz": 10})
    snap = page.next("snap")
    assert values_of(snap, "0") == [3]
    page.send({"t": "sub", "id": 4, "kind": "fleet"})
    assert page.next("upd", lambda frame: "sites" in frame)["sites"][""]["online"] == 1
    send(live, 9)
    assert values_of(page.next("upd", lambda frame: frame.get("d")), "0") == [9]
    send(live, 1, device="b")
    counts = page.next("upd", lambda frame: "sites" in frame)["sites"][""]
    assert counts["online"] + counts["never"] == 2
    page.close()


def test_devices_that_match_join_later(live: Plant) -> None:
    page = Page(live, live.token())
    page.send({"t": "sub", "id": 4, "kind": "fleet"})
    page.send({"t": "sub", "id": 3, "kind": "latest", "match": {"metric": "t"}, "rate_hz": 10})
    assert len(page.next("ack", lambda frame: frame["id"] == 3)["series"]) == 1
    send(live, 5, device="later")
    ack = page.next("ack", lambda frame: frame["id"] == 3 and len(frame["series"]) == 2)
    k = k_of(ack, "later/t")
    # In a snapshot, or an update: the series is there a moment before its first reading, and
    # the first snapshot may come behind the second acknowledgement.
    assert page.first_values(3, k) == [5]
    page.close()


def test_without_credit_no_frame_goes_out_and_no_value_is_lost(live: Plant) -> None:
    page = Page(live, live.token())
    page.send({"t": "sub", "id": 1, "keys": ["a/t"], "rate_hz": 10})
    page.next("snap", acknowledge=False)
    for n in range(10, 30):
        send(live, n)
        time.sleep(0.12)
    while not page.silent_for(0.1):
        pass
    wait_until(lambda: live.count() == 46, "all rows")
    page.send({"t": "rx", "seq": page.hello["window"]})
    frame = page.next("upd", lambda frame: frame["d"])
    assert frame["seq"] == page.hello["window"] + 1
    assert values_of(frame, "0")[-1] == 29
    page.close()


def test_a_paused_page_gets_everything_at_resume(live: Plant) -> None:
    page = Page(live, live.token())
    page.send({"t": "sub", "id": 1, "keys": ["a/t"], "rate_hz": 10})
    page.next("snap")
    page.send({"t": "pause"})
    page.send({"t": "ping"})
    page.next("pong")
    send(live, 7, 8, 9)
    assert page.silent_for(0.7)
    page.send({"t": "resume"})
    # What the worker did not announce yet (it may not know of this page) comes by healing.
    shown: set[Any] = set()
    while shown != {7, 8, 9}:
        shown |= set(values_of(page.next("upd", lambda frame: frame["d"]), "0"))
    page.close()


def test_many_rows_are_binned_and_whole_bins_follow(live: Plant) -> None:
    page = Page(live, live.token())
    page.send({"t": "sub", "id": 1, "keys": ["a/t"], "from": -60_000, "points": 2, "rate_hz": 10})
    ack = page.next("ack")
    assert ack["bin_ms"] > 0
    snap = page.next("snap")
    assert (snap["cols"]["0"]["min"], snap["cols"]["0"]["max"]) == ([1], [3])
    send(live, -5)
    row = page.next("upd", lambda frame: frame["d"])["d"]["0"][-1]
    assert row[1] == -5
    assert row[2] == -5
    assert row[0] % ack["bin_ms"] == 0
    page.close()


BAD_FRAMES: list[tuple[Any, str]] = [
    ("no json", "JSON"),
    ("[]", "object"),
    ({"t": "dance"}, "dance"),
    ({"t": "sub", "id": "x", "keys": ["a/t"]}, "id"),
    ({"t": "sub", "id": 1, "keys": "a/t"}, "keys"),
    ({"t": "sub", "id": 1, "keys": []}, "keys"),
    ({"t": "sub", "id": 1, "kind": "all"}, "kind"),
    ({"t": "sub", "id": 1, "keys": ["a/t"], "points": 1e9}, "points"),
    ('{"t": "sub", "id": 1, "keys": ["a/t"], "from": NaN}', "from"),
    ({"t": "unsub", "id": [1]}, "id"),
    ({"t": "sub", "id": 1, "kind": "latest", "match": {"metric": []}}, "match"),
    ({"t": "sub", "id": 1, "kind": "latest", "match": {"tag": "a"}}, "match"),
    ({"t": "sub", "id": 1, "keys": ["a/t"], "after": 5}, "after"),
    ({"t": "rx", "seq": "many"}, ""),
]


def test_bad_frames_are_answered_and_the_socket_lives(live: Plant) -> None:
    page = Page(live, live.token())
    for frame, words in BAD_FRAMES:
        page.send(frame)
        if words:
            error = page.next("err")
            assert error["code"] == "bad_request"
            assert words in error["msg"]
        page.send({"t": "ping"})
        page.next("pong")
    page.close()


def test_identity_is_asked_for(live: Plant) -> None:
    url = f"ws://127.0.0.1:{live.web_port}/ws/live/"
    tries = throttle.FREE["token"] + 10
    for _try in range(tries):
        with connect(url) as socket:
            socket.send(json.dumps({"t": "auth", "token": "wrong"}))
            assert json.loads(socket.recv())["code"] == "auth"
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=5)
    # Each is counted and logged, until there are too many: right ones go on.
    logged = [one.text().count("A token was refused") for one in live.processes]
    assert throttle.FREE["token"] <= sum(logged) < tries
    with connect(url) as socket:
        socket.send(json.dumps({"t": "auth", "token": live.token()}))
        assert json.loads(socket.recv())["t"] == "hello"
    with pytest.raises(Exception, match="403"):
        connect(url, origin="http://evil.example")  # type: ignore[arg-type] # a NewType


def test_a_stranger_learns_nothing(live: Plant) -> None:
    live.add_user("vera")
    live.sql("UPDATE auth_user SET is_staff = false, is_superuser = false WHERE username = 'vera'")
    page = Page(live, live.token("vera"))
    page.send({"t": "sub", "id": 1, "keys": ["a/*", "b/*"]})
    ack = page.next("ack")
    assert (ack["series"], ack["denied"]) == ({}, ["a/*", "b/*"])
    assert page.next("snap")["cols"] == {}
    page.send({"t": "sub", "id": 4, "kind": "fleet"})
    assert page.next("upd")["sites"] == {}
    send(live, 4)
    assert page.silent_for(0.7)
    page.close()
