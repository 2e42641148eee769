"""Whatever is sent, the server stands; and whatever happens, each session gets its messages."""

import os
import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from mqtt_ingest.core.topics import matches
from mqtt_ingest.embedded_broker.protocol.limits import Limits
from tests.mqtt_ingest.embedded_broker.rig import (
    GOODBYE,
    PING,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    Client,
    Rig,
    ack,
    connect,
    packet,
    publish,
    subscribe,
    u16,
    u32,
    unsubscribe,
)

SEEDS = [
    *(publish(f"a/{n}", b"x" * n, n % 3, n + 1, retain=n % 2 == 0) for n in range(6)),
    *(publish("a", b"x", 1, 9, version=5, properties=p) for p in (u16(35, 1), u32(2, 9), b"\1\1")),
    *(subscribe((f, 1), version=v) for f in ("a/#", "+", "$share/g/a") for v in (4, 5)),
    *(unsubscribe("a/#", version=v) for v in (4, 5)),
    *(ack(kind, 1) for kind in (PUBACK, PUBREC, PUBREL, PUBCOMP)),
    *(connect("m", version=v, will=("w", b"x", 1, True)) for v in (4, 5)),
    PING,
    GOODBYE,
    packet(0xE0, b"\4\5" + u32(17, 5)),
    packet(0xF0, b"\0\0"),
]  # fmt: skip


def mutated(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SEEDS))
    for _change in range(chance.randint(1, 4)):
        at = chance.randrange(len(data)) if data else 0
        match chance.randrange(5):
            case 0 if data:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at:at] = bytes([chance.randrange(256)])
            case 2 if data:
                del data[at]
            case 3:
                data[at:] = chance.choice(SEEDS)[at:]
            case _ if data:
                data[at] = chance.choice((0, 1, 127, 128, 255))
    return bytes(data)


def check_sums(rig: Rig) -> None:
    """Compare what is counted with what is there."""
    server, sessions = rig.server, rig.server.sessions.values()
    assert server.queued_bytes == sum(one.queued_bytes for one in sessions)
    for one in sessions:
        flights = [flight.delivery for flight in one.inflight.values()]
        assert one.queued_bytes == sum(one.message.size for one in [*one.queue, *flights])
        assert one.connection is None or one.connection.session is one
    assert server.subscription_bytes == sum(one.subscription_bytes for one in sessions)


def test_mutated_packets_end_a_connection_at_most() -> None:
    fast = os.environ.get("HYPOTHESIS_PROFILE") == "fast"
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    # A length that is too large is refused, instead of waiting for all that follows.
    rig = Rig(Limits(packet_bytes=60, unsent_bytes=5_000, sessions=200, retained=200))
    client: Client | None = None
    for number in range(5_000 if fast else 100_000):
        if client is None or client.is_closed:
            rig.clients.clear()
            version = chance.choice((4, 5))
            client = rig.client(f"c{number % 50}", version=version, clean=number % 3 == 0)
        client.send(mutated(chance))
        client.connection.out.clear()
        if number % 2_000 == 0:
            check_sums(rig)
            rig.pass_time(2)
    check_sums(rig)
    assert rig.server.counters.connected > number / 20
    assert rig.intake.taken


NAMES = ("ann", "bob", "eve")
FILTERS = ("a/+", "a/b", "#", "b/#")
TOPICS = ("a/b", "a/c", "b", "b/c/d")


class Broker(RuleBasedStateMachine):
    """Three clients, and a model: what each session is to receive, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(Limits(inflight=3))
        self.clients: dict[str, Client] = {}
        self.subscribed: dict[str, set[str]] = {}
        self.due: dict[str, list[bytes]] = {}
        # Whether a session outlives its connection.
        self.is_kept: dict[str, bool] = {}
        self.number = 0

    def connected(self, name: str) -> Client | None:
        client = self.clients.get(name)
        return None if client is None or client.is_closed else client

    @rule(name=st.sampled_from(NAMES), clean=st.booleans())
    def connects(self, name: str, *, clean: bool) -> None:
        """A client comes, perhaps while it is there already."""
        was_here = self.connected(name) is not None
        kept = name in self.subscribed and self.is_kept[name] and not clean
        self.clients[name] = self.rig.client(name, clean=clean)
        if not kept:
            self.subscribed[name], self.due[name] = set(), []
        assert not (was_here and self.connected(name) is None)
        self.is_kept[name] = not clean

    @rule(name=st.sampled_from(NAMES), politely=st.booleans())
    def goes(self, name: str, *, politely: bool) -> None:
        """A client goes; what it has received by then may not be acknowledged."""
        client = self.connected(name)
        if client is None:
            return
        if politely:
            client.send(GOODBYE)
        else:
            client.connection.lost()
        if not self.is_kept[name]:
            del self.subscribed[name], self.due[name]

    @rule(name=st.sampled_from(NAMES), chosen=st.sampled_from(FILTERS), more=st.booleans())
    def changes_what_it_wants(self, name: str, chosen: str, *, more: bool) -> None:
        """A client subscribes, or unsubscribes."""
        client = self.connected(name)
        if client is not None:
            client.send(subscribe((chosen, 1)) if more else unsubscribe(chosen))
            (self.subscribed[name].add if more else self.subscribed[name].discard)(chosen)

    @rule(name=st.sampled_from(NAMES), topic=st.sampled_from(TOPICS), count=st.integers(1, 6))
    def publishes(self, name: str, topic: str, count: int) -> None:
        """A client publishes, and sees its acknowledgements."""
        client = self.connected(name)
        for _message in range(count if client is not None else 0):
            self.number += 1
            payload = b"%d" % self.number
            assert client is not None
            client.send(publish(topic, payload, 1, self.number))
            for other, filters in self.subscribed.items():
                if any(matches(one, topic) for one in filters):
                    self.due[other].append(payload)

    @rule(name=st.sampled_from(NAMES), limit=st.integers(1, 9))
    def reads(self, name: str, limit: int) -> None:
        """A client reads, and acknowledges as much as it likes."""
        client = self.connected(name)
        while client is not None and limit > 0:
            got = [one for one in client.got() if one.kind == PUBLISH]
            if not got:
                return
            for one in got:
                if limit > 0:
                    assert one.payload == self.due[name].pop(0)
                    client.send(ack(PUBACK, one.packet_id))
                    limit -= 1
                else:  # it will come again
                    client.connection.lost()
                    if not self.is_kept[name]:
                        del self.subscribed[name], self.due[name]
                    return

    @rule(seconds=st.integers(1, 20))
    def time_passes(self, seconds: int) -> None:
        """Time passes; those that are here ping."""
        for client in self.clients.values():
            if not client.is_closed:
                client.send(PING)
        self.rig.pass_time(seconds)

    @invariant()
    def sums_are_right(self) -> None:
        check_sums(self.rig)
        assert set(self.rig.server.sessions) == set(self.subscribed)

    def teardown(self) -> None:
        """Let everybody read to the end: nothing is missing."""
        for name in list(self.due):
            if self.connected(name) is None:
                self.clients[name] = self.rig.client(name, clean=False)
            client = self.clients[name]
            while got := [one for one in client.got() if one.kind == PUBLISH]:
                for one in got:
                    assert one.payload == self.due[name].pop(0)
                    client.send(ack(PUBACK, one.packet_id))
            assert self.due[name] == []


def test_each_session_gets_its_messages_in_order_and_once() -> None:
    fast = os.environ.get("HYPOTHESIS_PROFILE") == "fast"
    run_state_machine_as_test(
        Broker, settings=settings(max_examples=5 if fast else 300, stateful_step_count=40)
    )
