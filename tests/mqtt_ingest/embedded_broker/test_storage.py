"""Sessions and retained messages outlive a restart."""

import json
from pathlib import Path

import pytest

from mqtt_ingest.embedded_broker.storage import NAME, Storage
from tests.mqtt_ingest.embedded_broker.rig import (
    GOODBYE,
    PUBACK,
    PUBLISH,
    PUBREC,
    PUBREL,
    Rig,
    ack,
    publish,
    subscribe,
    text,
    u32,
)


class Kept:
    """A server whose file is in a folder, and its restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wall = 1.7e9
        self.start()

    def start(self) -> None:
        self.rig = Rig()
        self.storage = Storage(self.folder, self.rig.server, lambda: self.wall)
        self.storage.load()

    async def restart(self, *, away: float = 1.0) -> None:
        await self.storage.close()
        self.wall += away
        self.start()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


async def test_a_session_goes_on_after_a_restart(kept: Kept) -> None:
    client = kept.rig.client(clean=False)
    client.send(subscribe(("a", 2), ("$share/g/b", 1)), GOODBYE)
    other = kept.rig.client("other")
    other.send(*(publish("a", b"%d" % n, 2, n + 1) for n in range(3)))
    await kept.restart()
    client = kept.rig.client(clean=False)
    assert client.got()[0].body == b"\1\0"
    again = kept.rig.client("other")
    again.send(publish("b", b"shared", 1, 1), publish("a", b"3", 1, 2))
    assert client.messages() == [("b", b"shared"), ("a", b"3")]


async def test_deliveries_go_on_where_they_were(kept: Kept) -> None:
    client = kept.rig.client(clean=False)
    client.send(subscribe(("a", 2)), publish("up", b"x", 2, 77))
    kept.rig.client("other").send(*(publish("a", b"%d" % n, 2, n + 1) for n in range(3)))
    got = [one for one in client.got() if one.kind == PUBLISH]
    client.send(ack(PUBREC, got[0].packet_id))
    await kept.restart()
    client = kept.rig.client(clean=False)
    _connack, released, *again = client.got()
    assert (released.kind, released.packet_id) == (PUBREL, got[0].packet_id)
    assert [(one.payload, one.dup) for one in again] == [(b"1", True), (b"2", True)]
    client.send(publish("up", b"x", 2, 77, dup=True))
    assert client.kinds() == [PUBREC]
    assert kept.rig.intake.taken == []


async def test_what_is_acknowledged_is_not_kept(kept: Kept) -> None:
    client = kept.rig.client(clean=False)
    client.send(subscribe(("a", 1)))
    other = kept.rig.client("other")
    other.send(*(publish("a", b"%d" % n, 1, n + 1) for n in range(3)))
    await kept.storage.save()
    for one in client.got():
        if one.kind == PUBLISH:
            client.send(ack(PUBACK, one.packet_id))
    await kept.restart()
    assert len(kept.rig.client(clean=False).got()) == 1


async def test_retained_messages_stay_with_their_properties(kept: Kept) -> None:
    user = b"\x26" + text("k") + text("v")
    properties = user + b"\x09" + text(b"\xff\0") + u32(2, 100)
    client = kept.rig.client(version=5)
    client.send(publish("a", b"\xff\0", 1, 1, version=5, retain=True, properties=properties))
    client.send(publish("b", b"x", 1, 2, version=5, retain=True))
    await kept.storage.save()
    client.send(publish("b", b"", 1, 3, version=5, retain=True))
    await kept.restart(away=40)
    reader = kept.rig.client(version=5)
    reader.send(subscribe(("#", 1), version=5))
    (message,) = [one for one in reader.got() if one.kind == PUBLISH]
    assert (message.topic, message.payload, message.qos) == ("a", b"\xff\0", 1)
    assert user in message.properties
    assert b"\x09" + text(b"\xff\0") in message.properties
    assert u32(2, 60) in message.properties


async def test_a_session_whose_time_is_over_is_gone(kept: Kept) -> None:
    short = {"version": 5, "clean": False, "properties": u32(17, 30)}
    kept.rig.client(**short).send(GOODBYE)
    await kept.restart(away=20)
    client = kept.rig.client(**short)
    assert client.only().body[0] == 1
    client.send(GOODBYE)
    await kept.restart(away=31)
    kept.rig.pass_time(1)
    assert kept.rig.client(**short).only().body[0] == 0
    await kept.restart()
    clean = kept.rig.client("clean")
    clean.send(subscribe(("a", 1)))
    await kept.restart()
    assert "clean" not in kept.rig.server.sessions


async def test_a_session_that_was_connected_begins_to_be_away_at_the_restart(kept: Kept) -> None:
    short = {"version": 5, "clean": False, "properties": u32(17, 30)}
    kept.rig.client(**short)
    await kept.storage.save()
    kept.rig.now += 300
    kept.wall += 300
    kept.start()  # as after kill -9
    assert kept.rig.client(**short).only().body[0] == 1


async def test_another_session_of_the_name_brings_nothing_of_the_old_one_back(kept: Kept) -> None:
    client = kept.rig.client(clean=False)
    client.send(subscribe(("a", 1)), GOODBYE)
    other = kept.rig.client("other")
    other.send(publish("a", b"old", 1, 1))
    await kept.storage.save()
    kept.rig.client(clean=True).send(GOODBYE)
    client = kept.rig.client(clean=False)
    client.send(subscribe(("a", 1)), GOODBYE)
    other.send(publish("a", b"new", 1, 2))
    await kept.restart()
    assert kept.rig.client(clean=False).messages() == [("a", b"new")]


async def test_all_that_changed_is_saved_in_one_go(kept: Kept) -> None:
    for number in range(450):
        kept.rig.client(f"c{number}", clean=False).send(subscribe(("a", 1)), GOODBYE)
    other = kept.rig.client("other")
    other.send(*(publish(f"r/{n}", b"x", retain=True) for n in range(900)))
    other.turns()
    await kept.storage.save()
    kept.start()
    assert len(kept.rig.server.sessions) == 450
    assert len(kept.rig.server.retained) == 900


async def test_a_clock_that_was_set_back_harms_no_message_that_expires(kept: Kept) -> None:
    longest = u32(2, 0xFFFFFFFF)
    client = kept.rig.client(version=5)
    client.send(publish("a", b"x", 1, 1, version=5, retain=True, properties=longest))
    await kept.restart(away=-3_600)
    reader = kept.rig.client(version=5)
    reader.send(subscribe(("a", 1), version=5))
    assert longest in next(one for one in reader.got() if one.kind == PUBLISH).properties


async def test_a_write_that_fails_is_made_again(kept: Kept) -> None:
    client = kept.rig.client(clean=False)
    client.send(subscribe(("a", 1)), publish("r", b"x", retain=True), GOODBYE)
    kept.rig.client("other").send(publish("a", b"1", 1, 1))
    file = kept.storage._file
    kept.storage._file = None
    with pytest.raises(AssertionError):
        await kept.storage.save()
    kept.storage._file = file
    await kept.restart()
    assert kept.rig.client(clean=False).messages() == [("a", b"1")]
    assert len(kept.rig.server.retained) == 1


async def test_retained_messages_of_an_earlier_release_are_taken_over(tmp_path: Path) -> None:
    old = tmp_path / "retained.json"
    old.write_text(json.dumps({"devices/a/status": ["b25saW5l", 1]}))
    kept = Kept(tmp_path)
    assert kept.rig.server.retained.get("devices/a/status").payload == b"online"  # type: ignore[union-attr]
    assert not old.exists()
    await kept.restart()
    assert len(kept.rig.server.retained) == 1
    assert (tmp_path / NAME).is_file()
