"""One persistent MQTT session: paho-mqtt driven by asyncio; a PacketSource.

paho speaks MQTT (behind the buffers of `paho_client`); `client_socket` keeps PUBLISH and PUBACK
from it. This file gives it time and reconnection with an endless jittered backoff, and agrees
with the broker on filters. The first start is not a clean one
either, so the broker keeps what arrives while no worker runs.

| state | what holds | leaves it by |
|---|---|---|
| stopped | before `run`, after `close` | `run`: connecting |
| connecting | the first try; later ones keep the last word | CONNACK: connected or refused |
| unreachable | nothing answers at that address; tried every second | CONNACK |
| refused | it says no to us or to every filter; tried less and less often | CONNACK, SUBACK |
| connected | CONNACK was good; filters are agreed and asked for | SUBACK: subscribed |
| subscribed | packets come in; canaries prove it | canary, end of the connection |
| deaf | canaries do not come back: subscribed again, then connected anew | canary: subscribed |
| lost | the connection ended; tried again at once | CONNACK |
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices.events import set_within
from devices.timings import LOOK_BACK_GRACE_SECONDS, LOOK_BACK_SECONDS, REFUSED_SECONDS
from mqtt_ingest.broker.canary import SideTopics
from mqtt_ingest.broker.client_socket import ClientSocket
from mqtt_ingest.broker.connecting import backoff, connect, make_client, why_not
from mqtt_ingest.broker.outgoing import Outgoing
from mqtt_ingest.broker.subscriptions import Subscriptions
from mqtt_ingest.brokers import Broker
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.sharing import is_in_group
from mqtt_ingest.core.wire import pubacks

logger = logging.getLogger(__name__)

# A client id is contested where so many connections that worked were ended within so many s.
CONTESTED_TIMES, CONTESTED_SECONDS = 4, 60.0


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a session is to do about its filters, once the broker has answered CONNECT.

    Args:
        wanted: filters to subscribe.
        unwanted: filters to unsubscribe.
        look_back: data came by shared filters in this session: look whether the broker
            still knows of them.
    """

    wanted: list[str]
    unwanted: list[str]
    look_back: bool = False


class MqttSession:
    """Keeps one client id connected and subscribed, and feeds packets on."""

    def __init__(
        self,
        *,
        client_id: str,
        broker: Broker,
        aside: SideTopics,
        may_connect: Callable[[], Awaitable[None]],
        on_session: Callable[[bool], Awaitable[Agreed]],
        on_state: Callable[[str, str], None],
        on_filters: Callable[[], None] = lambda: None,
        on_forgotten: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; nothing is opened before `run`.

        Args:
            client_id: the broker keeps the session under this name.
            broker: where to connect.
            aside: the session's side topics.
            may_connect: awaited before every connect; raises SlotLost where another
                worker uses this client id now (the broker would cut it off).
            on_session: awaited after CONNACK with "the broker still had our session".
            on_state: called with (state, detail) on every change.
            on_filters: called when `subscriptions` have been granted or given up.
            on_forgotten: called when it has forgotten shared subscriptions of a session
                that it still had.
        """
        self.client_id = client_id
        self.state = "stopped"
        self.session_present: bool | None = None
        self.aside = aside
        self._broker = broker
        self.subscriptions = Subscriptions()
        self._aside_request: int | None = None
        # From CONNACK to the end of the connection: packets can be acknowledged.
        self._online = False
        # Whether the present connection got as far as being subscribed.
        self._worked = False
        self._may_connect = may_connect
        self._on_session = on_session
        self._on_state = on_state
        self._on_filters = on_filters
        self._on_forgotten = on_forgotten
        self._loop = asyncio.get_running_loop()
        self._closed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        # When (s, monotonic) the broker ended connections that worked, lately.
        self._ended: deque[float] = deque(maxlen=CONTESTED_TIMES)
        self._client = make_client(broker, client_id)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_unsubscribe = self._unsubscribed
        self._outgoing = Outgoing(self._client)
        self._socket = ClientSocket(
            self._client,
            client_id,
            properties=broker.version == "5",
            aside=aside.topics,
            take_aside=self._take_aside,
            on_malformed=self._malformed,
            on_broken=self._closed.set,
        )

    @property
    def generation(self) -> int:
        """Return which connection this is; packets say by which one they came."""
        return self._socket.generation

    @property
    def is_contested(self) -> bool:
        """Return whether another client seems to use our client id: connections end and end."""
        often = len(self._ended) == CONTESTED_TIMES
        return often and time.monotonic() - self._ended[0] < CONTESTED_SECONDS

    async def run(self, feed: Callable[[Packet], None]) -> None:
        """Stay connected until cancelled; call `feed` on the event loop for each PUBLISH.

        Raises:
            SlotLost: `may_connect` said so.
        """
        self._socket.feed = feed
        delays, refusals = backoff(), backoff(cap=REFUSED_SECONDS)
        while True:
            self._worked = False
            try:
                await self._connect()
                await self._stay()
            except (OSError, ValueError) as error:
                self._ended.clear()
                self._change("unreachable", f"{self._broker.where}: {why_not(error, self._broker)}")
            if self._worked and not self.is_contested:
                delays, refusals = backoff(), backoff(cap=REFUSED_SECONDS)
            # Whoever says no is asked ever less often; whoever is away may be back at any moment.
            await asyncio.sleep(next(refusals if self.state == "refused" else delays))

    async def _connect(self) -> None:
        await self._may_connect()
        if self.state in {"stopped", "lost"}:
            # An outage is one state, not a change at every try.
            self._change("connecting", self._broker.where)
        self._closed.clear()
        self._online = False
        self._socket.reset()
        connecting = self._loop.run_in_executor(None, connect, self._client, self._broker)
        try:
            await asyncio.shield(connecting)
        except asyncio.CancelledError:
            # The thread goes on: let it not hold the broker's session for nobody.
            connecting.add_done_callback(lambda _done: self._drop())
            raise
        self._socket.begin()

    def _drop(self) -> None:
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    async def _stay(self) -> None:
        """Run paho's timers until the connection is gone."""
        while not self._closed.is_set():
            if self._socket.is_paused:
                self.aside.excuse()
            else:
                self._client.loop_misc()
                await self._try_the_way()
            await set_within(self._closed, 1.0)

    async def _try_the_way(self) -> None:
        """Send a canary when it is time; a session that has gone deaf subscribes again."""
        if self.state not in {"subscribed", "deaf"}:
            return
        if self.aside.missed() and self.aside.canary == "deaf":
            if self.state == "deaf":
                logger.warning("%s: still deaf; connecting anew", self.client_id)
                self._closed.set()
                return
            self._change("deaf", "the canary does not come back; subscribing again")
            self._subscribe_to(self.subscriptions.filters, [])
            self._listen_aside()
        await self._send_canaries()

    async def _send_canaries(self) -> None:
        for topic, payload in self.aside.due():
            await self.publish(topic, payload, qos=0)

    async def close(self) -> None:
        """Send what is waiting, disconnect cleanly, and keep the session at the broker."""
        self._socket.stop_reading()
        self._outgoing.close()
        # paho closes the socket right after DISCONNECT: send our buffer before that.
        self._client.on_disconnect = self._flush_at_last
        if self._client.socket() is not None:
            self._socket.send()
            self._client.disconnect()
            with contextlib.suppress(OSError, ValueError):
                self._client.loop_write()
        self._change("stopped", "")

    # --- Publisher ----------------------------------------------------------
    async def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Publish by this session; return once the broker has acknowledged it.

        Raises:
            NotPublished: the topic is none to publish to, or the session ended first.
        """
        await self._outgoing.publish(topic, payload, qos)

    # --- PacketSource -------------------------------------------------------
    def acknowledge(self, packets: Sequence[Packet]) -> None:
        """Send PUBACK for `packets`, in order, if this connection delivered them."""
        if not self._online:
            return
        mine = [p.packet_id for p in packets if p.qos and p.generation == self.generation]
        self._socket.write(pubacks(mine))

    def pause(self) -> None:
        """Stop reading; the broker queues."""
        self._socket.pause()

    def resume(self) -> None:
        """Read again."""
        self._socket.resume()

    # --- paho's callbacks ---------------------------------------------------
    def _connected(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._online:
            self._malformed()  # a second CONNACK
            return
        if reason.is_failure:
            self._change(
                "refused", f"{self._broker.where}: {reason}; check user in {self._broker.setting}"
            )
            return
        self._online = True
        self._change("connected", self._broker.where)
        task = self._loop.create_task(self._subscribe(flags.session_present))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _subscribe(self, session_present: bool) -> None:  # noqa: FBT001 - as MQTT has it
        self.session_present, generation = session_present, self.generation
        try:
            agreed = await self._on_session(session_present)
        except Exception:  # whatever it was, reconnecting tries again
            logger.exception("%s: cannot prepare the session; reconnecting", self.client_id)
            self._closed.set()
            return
        if generation != self.generation or not self._online:
            return  # that connection is no more
        # What goes is there until what comes is granted.
        self.subscriptions.begin(agreed.unwanted)
        self.aside.data_refused = False
        self._subscribe_to(agreed.wanted, agreed.unwanted)
        if agreed.look_back:
            await self._look_back()
        if generation != self.generation:
            return  # there is another connection by now, with a task of its own
        self.aside.begin()
        self._listen_aside()

    @property
    def can_change(self) -> bool:
        """Return whether filters can be changed now: connected, and nothing is on its way."""
        return self._online and not self.subscriptions.is_waiting and self.state != "connected"

    def change(self, wanted: list[str]) -> None:
        """Have these filters from now on, without a moment in which nothing is subscribed."""
        new, old = self.subscriptions.difference(wanted)
        if new:
            asked = frozenset(wanted)
            gone = [name for name in self.subscriptions.filters if name not in asked]
            self.subscriptions.asked(self._request(new, 1), new, gone)
        else:
            self._unsubscribe(old)

    def _unsubscribe(self, unwanted: list[str]) -> None:
        if unwanted:
            _result, mid = self._client.unsubscribe(unwanted)
            self.subscriptions.leaves(mid, unwanted)

    async def _look_back(self) -> None:
        """Look whether the session's shared subscriptions have outlived the broker's restart.

        The side topics are not subscribed again yet: what comes back does so by what the
        broker has kept.
        """
        plain, shared = self.aside.plain, self.aside.shared
        if plain is None or shared is None:
            return
        self.aside.begin()
        await self._send_canaries()
        for canary, seconds in ((plain, LOOK_BACK_SECONDS), (shared, LOOK_BACK_GRACE_SECONDS)):
            until = time.monotonic() + seconds
            while canary.state != "proven" and time.monotonic() < until:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        if self._closed.is_set():
            return
        if plain.state == "proven" and shared.state != "proven":
            logger.warning("%s: the broker has forgotten shared subscriptions", self.client_id)
            self._on_forgotten()

    def _subscribe_to(self, wanted: list[str], unwanted: list[str]) -> None:
        if wanted:
            self.subscriptions.asked(self._request(wanted, 1), wanted, unwanted)
            return
        self._unsubscribe(unwanted)
        if self.state != "deaf":
            self._change("subscribed", "no filter is set up")

    def _listen_aside(self) -> None:
        """Subscribe the side topics, apart: a broker that refuses these stops nothing."""
        if self.aside.filters:
            self._aside_request = self._request(self.aside.filters, 0)

    def _request(self, filters: list[str], qos: int) -> int | None:
        if self._broker.version == "5":
            _result, mid = self._client.subscribe(
                [(name, SubscribeOptions(qos=qos)) for name in filters]
            )
        else:
            _result, mid = self._client.subscribe([(name, qos) for name in filters])
        return mid

    def _subscribed(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if mid == self._aside_request:
            self._judge_aside(reasons)
        refusals = {n: str(reason) for n, reason in enumerate(reasons) if reason.is_failure}
        unwanted = self.subscriptions.answered(mid, refusals)
        if unwanted is not None:
            self._take_answer(unwanted)

    def _take_answer(self, unwanted: list[str]) -> None:
        """Tell what the broker answered; give up what is replaced."""
        known = self.subscriptions
        if is_in_group((*known.filters, *known.refused)):
            # One Source that may not be read is its own affair; all of them, that of sharing.
            self.aside.data_refused = not is_in_group(known.filters)
        self._unsubscribe(unwanted)
        if not known.filters:
            name, why = next(iter(known.refused.items()))
            self._change("refused", f"the broker refused to subscribe {name}: {why}")
        elif self.state != "deaf":
            self._change("subscribed", self._broker.where)
        self._on_filters()

    def _judge_aside(self, reasons: list[ReasonCode]) -> None:
        shared = self.aside.shared
        for name, reason in zip(self.aside.filters, reasons, strict=False):
            if shared is not None and name == shared.filter and reason.is_failure:
                shared.refuse()

    def _unsubscribed(self, _client: mqtt.Client, _userdata: Any, *details: Any) -> None:
        if self.subscriptions.left(details[0]):
            self._on_filters()

    def _take_aside(self, packet: Packet) -> None:
        self.aside.take(packet)
        if self.state == "deaf" and self.aside.canary == "proven":
            self._change("subscribed", self._broker.where)

    def _disconnected(self, _client: mqtt.Client, *details: Any) -> None:
        was_online, self._online = self._online, False
        if was_online:
            self._ended.append(time.monotonic())
            self._change("lost", f"{self._broker.where}: {details[2]}")
        elif self.state not in {"refused", "lost"}:  # a connection that was refused was none
            words = "closed the connection before it answered"
            self._change("lost", f"{self._broker.where} {words}{self._tls_hint}")
        self._closed.set()

    def _malformed(self) -> None:
        self._change("lost", f"{self._broker.where} sent what is no MQTT{self._tls_hint}")
        self._closed.set()

    @property
    def _tls_hint(self) -> str:
        scheme = self._broker.addresses.scheme
        told = f"; where that port wants TLS, {self._broker.setting} begins with {scheme}s"
        return "" if self._broker.tls else told

    def _flush_at_last(self, _client: mqtt.Client, *_details: Any) -> None:
        self._client.flush()

    def _change(self, state: str, detail: str) -> None:
        self._worked = self._worked or state == "subscribed"
        if state != self.state:
            self.state = state
            self._on_state(state, detail)
