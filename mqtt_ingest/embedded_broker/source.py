"""The embedded broker as the pipeline's source of packets."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from mqtt_ingest.core.errors import NotPublished
from mqtt_ingest.core.mqtt_properties import NONE, PacketProperties
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.ports import Publisher
from mqtt_ingest.core.sharing import bare
from mqtt_ingest.embedded_broker.protocol.messages import Message
from mqtt_ingest.embedded_broker.protocol.packets import Publish
from mqtt_ingest.embedded_broker.protocol.topic_tree import TopicTree

logger = logging.getLogger(__name__)

# Packets, and bytes of them, that wait for their commit before clients are read no further.
MAX_WAITING = 2_000
MAX_WAITING_BYTES = 32_000_000


class RetainingBroker(Publisher, Protocol):
    """The broker, as its source sees it."""

    def retained(self, filters: Sequence[str]) -> Iterable[Message]:
        """Return what is kept for topics that any of `filters` matches."""
        ...


class EmbeddedSource:
    """A PacketSource: what clients of the embedded broker publish; the server's Intake."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.state = "stopped"
        self.on_state: Callable[[str, str], None] = lambda _state, _detail: None
        # What is taken in; anything else is passed on as by any broker.
        self.filters: Sequence[str] | None = None
        self._tree: TopicTree[bool] = TopicTree()
        # The broker itself, while it runs; called when there is room again.
        self.broker: RetainingBroker | None = None
        self.on_room: Callable[[], None] = lambda: None
        self._feed: Callable[[Packet], None] | None = None
        # Unacknowledged packets in order of arrival; fed again to the next pipeline.
        self._waiting: dict[Packet, Callable[[], None]] = {}
        self._bytes = 0
        self._paused = False
        self._was_full = True

    # --- Publisher ----------------------------------------------------------
    async def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Publish by the embedded broker.

        Raises:
            NotPublished: it does not run.
        """
        if self.broker is None:
            raise NotPublished("the embedded broker does not run")
        await self.broker.publish(topic, payload, qos)

    # --- Intake -------------------------------------------------------------
    @property
    def is_full(self) -> bool:
        """Return whether clients are read no further for now."""
        return (
            self._feed is None
            or self._paused
            or len(self._waiting) >= MAX_WAITING
            or self._bytes >= MAX_WAITING_BYTES
        )

    def take(self, publish: Publish, client_id: str, committed: Callable[[], None]) -> None:
        """Hand a message to the pipeline where a Source wants it; `committed` once it is a row."""
        topic = publish.topic
        if not self._is_wanted(topic):
            committed()
            return
        packet = Packet(
            topic,
            publish.payload,
            time.time_ns() // 1_000,
            publish.qos,
            # The flag of a live PUBLISH asks to retain it; it is not an old one.
            retain=False,
            dup=publish.dup,
            packet_id=publish.packet_id,
            session=client_id,
            properties=_properties(publish.properties),
        )
        self._hand_over(packet, committed)

    def _is_wanted(self, topic: str) -> bool:
        return next(self._tree.matching(topic.split("/")), None) is not None

    def _hand_over(self, packet: Packet, committed: Callable[[], None]) -> None:
        self._waiting[packet] = committed
        self._bytes += len(packet.payload)
        self._look()
        if self._feed is not None:
            self._feed(packet)

    def _look(self) -> None:
        """Say when there is room again."""
        was_full, self._was_full = self._was_full, self.is_full
        if was_full and not self._was_full:
            self.on_room()

    # --- PacketSource -------------------------------------------------------
    def subscribe(self, filters: Sequence[str]) -> None:
        """Take in what `filters` match from now on, and what is retained for those that are new.

        The first ones are those of the last run, which has had what was retained.
        """
        before, known = self.filters, self._tree
        if before is not None and (before is filters or list(before) == list(filters)):
            return
        self.filters, self._tree = filters, _tree_of(filters)
        had = frozenset(before or ())
        added = [one for one in filters if one not in had] if before is not None else []
        if self.broker is None or not added:
            return
        now = time.time_ns() // 1_000
        for kept in list(self.broker.retained(added)):
            if next(known.matching(kept.topic.split("/")), None):
                continue
            properties = _properties(kept.properties)
            packet = Packet(
                *(kept.topic, kept.payload, now, kept.qos), retain=True, properties=properties
            )
            self._hand_over(packet, _nobody_waits)

    async def run(self, feed: Callable[[Packet], None]) -> None:
        """Deliver to `feed` until cancelled, first what was waiting already."""
        self._feed = feed
        self._change("subscribed", self.where)
        for packet in list(self._waiting):
            feed(packet)
        self._look()
        await asyncio.Event().wait()

    def acknowledge(self, packets: Sequence[Packet]) -> None:
        """Let the broker acknowledge `packets` to their publishers."""
        for packet in packets:
            committed = self._waiting.pop(packet, None)
            if committed is not None:
                self._bytes -= len(packet.payload)
                try:
                    committed()
                except Exception:
                    logger.exception("The broker cannot pass a message on; it is stored")
        self._look()

    def pause(self) -> None:
        """Stop reading from clients."""
        self._paused = True
        self._look()

    def resume(self) -> None:
        """Read again."""
        self._paused = False
        self._look()

    async def close(self) -> None:
        """Hold packets back until the next `run`."""
        self._feed = None
        self._paused = False
        self._look()
        self._change("stopped", "")

    def _change(self, state: str, detail: str) -> None:
        self.state = state
        self.on_state(state, detail)


def _tree_of(filters: Sequence[str]) -> TopicTree[bool]:
    """Return `filters` so that it costs little to ask for a topic, however many there are."""
    tree: TopicTree[bool] = TopicTree()
    for one in filters:
        tree.set(bare(one).split("/"), True)  # noqa: FBT003 - the tree's value
    return tree


def _nobody_waits() -> None:
    """Stand in for an acknowledgement: the publisher has had its own."""


def _properties(given: Mapping[str, Any]) -> PacketProperties:
    """Return what conventions may ask of a packet's properties."""
    if not given:
        return NONE
    return PacketProperties(
        given.get("content_type", ""),
        given.get("response_topic", ""),
        given.get("correlation_data", b""),
        tuple(given.get("user", ())),
    )
