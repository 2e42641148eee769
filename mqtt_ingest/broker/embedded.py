"""The embedded broker of `standalone`: amqtt, with our COMMIT before its PUBACK.

A PUBLISH goes to the pipeline first; the device's PUBACK (QoS 2: PUBREC) is sent
once the batch is committed. So a device with QoS 1 keeps the packet until it is a
row. Other clients that subscribe here get it as from any broker. MQTT 3.1.1 only.
"""

import asyncio
import base64
import json
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from amqtt.adapters import ReaderAdapter, WriterAdapter
from amqtt.broker import Broker, RetainedApplicationMessage
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.session import INCOMING, Session

from mqtt_ingest.core.errors import NotPublished, Undecodable
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.ports import Publisher
from mqtt_ingest.core.topics import MAX_BYTES, check_topic, matches

logger = logging.getLogger(__name__)

# Packets that wait for their commit before the broker stops reading.
MAX_WAITING = 2_000
SAVE_SECONDS = 1.0


class EmbeddedSource:
    """A PacketSource: what clients of the embedded broker publish."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.state = "stopped"
        self.on_state: Callable[[str, str], None] = lambda _state, _detail: None
        # Filters of what is taken in; anything else is passed on as by any broker.
        self.filters: Sequence[str] = ()
        self._feed: Callable[[Packet], None] | None = None
        # Unacknowledged packets in order of arrival; fed again to the next pipeline.
        self._waiting: dict[Packet, asyncio.Future[None]] = {}
        self._open = asyncio.Event()
        self._paused = False
        # The broker itself, while it runs.
        self.broker: Publisher | None = None

    # --- Publisher ----------------------------------------------------------
    async def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Publish by the embedded broker.

        Raises:
            NotPublished: it does not run.
        """
        if self.broker is None:
            raise NotPublished("the embedded broker does not run")
        await self.broker.publish(topic, payload, qos)

    # --- what clients publish -----------------------------------------------
    async def take(self, packet: Packet) -> None:
        """Hand `packet` to the pipeline where a Source wants it; return once it is committed."""
        if not any(matches(wanted, packet.topic) for wanted in self.filters):
            return
        committed = asyncio.get_running_loop().create_future()
        self._waiting[packet] = committed
        self._regulate()
        if self._feed is not None:
            self._feed(packet)
        await committed

    async def wait_for_room(self) -> None:
        """Wait until more may be read from clients."""
        await self._open.wait()

    def _regulate(self) -> None:
        if self._feed is not None and not self._paused and len(self._waiting) < MAX_WAITING:
            self._open.set()
        else:
            self._open.clear()

    # --- PacketSource -------------------------------------------------------
    async def run(self, feed: Callable[[Packet], None]) -> None:
        """Deliver to `feed` until cancelled, first what was waiting already."""
        self._feed = feed
        self._change("subscribed", self.where)
        for packet in list(self._waiting):
            feed(packet)
        self._regulate()
        await asyncio.Event().wait()

    def acknowledge(self, packets: Sequence[Packet]) -> None:
        """Let the broker acknowledge `packets` to their publishers."""
        for packet in packets:
            committed = self._waiting.pop(packet, None)
            if committed is not None and not committed.done():
                committed.set_result(None)
        self._regulate()

    def pause(self) -> None:
        """Stop reading from clients."""
        self._paused = True
        self._regulate()

    def resume(self) -> None:
        """Read again."""
        self._paused = False
        self._regulate()

    async def close(self) -> None:
        """Hold packets back until the next `run`."""
        self._feed = None
        self._paused = False
        self._regulate()
        self._change("stopped", "")

    def _change(self, state: str, detail: str) -> None:
        self.state = state
        self.on_state(state, detail)


class _GatedReader(ReaderAdapter):  # type: ignore[misc] # amqtt is not checked
    """A client's stream that is not read while too much waits for its commit."""

    def __init__(self, reader: ReaderAdapter, source: EmbeddedSource) -> None:
        self._reader = reader
        self._source = source

    async def read(self, n: int = -1) -> bytes:
        await self._source.wait_for_room()
        return bytes(await self._reader.read(n))

    def feed_eof(self) -> None:
        self._reader.feed_eof()


class _Handler(BrokerProtocolHandler):  # type: ignore[misc] # amqtt is not checked
    """amqtt's protocol of one client; incoming packets are committed first."""

    source: EmbeddedSource

    def _packet(self, message: Any) -> Packet:
        assert self.session is not None
        published = message.publish_packet
        return Packet(
            message.topic,
            bytes(message.data),
            time.time_ns() // 1_000,
            message.qos or 0,
            # The flag of a live PUBLISH asks to retain it; it is not an old one.
            retain=False,
            dup=bool(published and published.dup_flag),
            packet_id=message.packet_id or 0,
            session=self.session.client_id or "",
        )

    async def _handle_qos0_message_flow(self, app_message: Any) -> None:
        if app_message.direction == INCOMING:
            # Nobody waits for it: QoS 0 has no acknowledgement.
            task = asyncio.ensure_future(self.source.take(self._packet(app_message)))
            _background.add(task)
            task.add_done_callback(_background.discard)
        await super()._handle_qos0_message_flow(app_message)

    async def _handle_qos1_message_flow(self, app_message: Any) -> None:
        if app_message.direction != INCOMING:
            await super()._handle_qos1_message_flow(app_message)
            return
        assert self.session is not None
        session = self.session
        await self.source.take(self._packet(app_message))
        await session.delivered_message_queue.put(app_message)
        if self.writer is not None:
            await self._send_packet(PubackPacket.build(app_message.packet_id))

    async def _handle_qos2_message_flow(self, app_message: Any) -> None:
        if app_message.direction == INCOMING:
            await self.source.take(self._packet(app_message))
        await super()._handle_qos2_message_flow(app_message)


_background: set[asyncio.Future[None]] = set()


class EmbeddedBroker(Broker):  # type: ignore[misc] # amqtt is not checked
    """amqtt's broker with our handler, a password off loopback, and kept retained messages."""

    def __init__(
        self, source: EmbeddedSource, *, bind: str, port: int, password: str, folder: Path
    ) -> None:
        """Prepare.

        Args:
            source: takes what clients publish.
            bind: the address to listen on.
            port: the port to listen on.
            password: asked of clients that do not come over loopback; any user name.
            folder: where retained messages are kept over restarts.
        """
        listener = ListenerConfig(bind=f"[{bind}]:{port}" if ":" in bind else f"{bind}:{port}")
        super().__init__(BrokerConfig(listeners={"default": listener}, plugins={}))
        self._source = source
        self._password = password
        self._file = folder / "retained.json"
        self._saving: asyncio.TimerHandle | None = None

    @classmethod
    def _split_bindaddr_port(cls, port_str: str, default_port: int) -> tuple[str | None, int]:
        """Return address and port; amqtt leaves the brackets of IPv6, which no resolver knows."""
        address, port = super()._split_bindaddr_port(port_str, default_port)
        return address.strip("[]") if address else address, port

    async def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Hand a packet of ours to those that subscribe to it; queued for those that are away.

        Raises:
            NotPublished: the topic is none to publish to.
        """
        try:
            check_topic(topic, MAX_BYTES)
        except Undecodable as error:
            raise NotPublished(f"{topic!r}: {error.detail}") from error
        await self.internal_message_broadcast(topic, payload, qos)

    async def start(self) -> None:
        """Listen, with the retained messages of the last run."""
        await super().start()
        self._source.broker = self
        if self._file.is_file():
            for topic, (data, qos) in json.loads(self._file.read_text()).items():
                self._retained_messages[topic] = RetainedApplicationMessage(
                    None, topic, base64.b64decode(data), qos
                )

    async def shutdown(self) -> None:
        """Save and stop."""
        self._source.broker = None
        if self._saving is not None:
            self._saving.cancel()
            self._save()
        await super().shutdown()

    async def retain_message(
        self,
        source_session: Session | None,
        topic_name: str | None,
        data: bytes | bytearray | None,
        qos: int | None = None,
    ) -> None:
        """Retain a message, and save all soon."""
        await super().retain_message(source_session, topic_name, data, qos)
        if self._saving is None:
            self._saving = asyncio.get_running_loop().call_later(SAVE_SECONDS, self._save)

    def _save(self) -> None:
        self._saving = None
        kept = {
            topic: (base64.b64encode(message.data).decode(), message.qos)
            for topic, message in self._retained_messages.items()
        }
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(kept))
        new.replace(self._file)

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        """Let clients of this machine in; others must know the password."""
        if not self._password or _is_loopback(session.remote_address):
            return True
        known = secrets.compare_digest(session.password or "", self._password)
        if not known:
            logger.warning(
                "Refused the MQTT client %s from %s: wrong or missing password",
                session.client_id,
                session.remote_address,
            )
        return known

    async def _topic_filtering(self, *_args: Any, **_kwargs: Any) -> bool:
        """Allow every topic; access control comes with its own issue."""
        return True

    async def _handle_client_session(
        self,
        reader: ReaderAdapter,
        writer: WriterAdapter,
        client_session: Session,
        handler: BrokerProtocolHandler,  # noqa: ARG002 - ours takes its place
        server: Any,
        listener_name: str,
    ) -> None:
        ours = _Handler(self.plugins_manager)
        ours.source = self._source
        gated = _GatedReader(reader, self._source)
        await super()._handle_client_session(
            gated, writer, client_session, ours, server, listener_name
        )

    async def _handle_disconnect(
        self, client_session: Session, handler: BrokerProtocolHandler, disconnect_waiter: Any
    ) -> None:
        """Take the last will in before amqtt hands it to others."""
        result = disconnect_waiter.result()
        if client_session.will_flag and not isinstance(result, DisconnectPacket):
            will = Packet(
                client_session.will_topic or "",
                bytes(client_session.will_message or b""),
                time.time_ns() // 1_000,
            )
            task = asyncio.ensure_future(self._source.take(will))
            _background.add(task)
            task.add_done_callback(_background.discard)
        await super()._handle_disconnect(client_session, handler, disconnect_waiter)


def _is_loopback(address: str | None) -> bool:
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return False
