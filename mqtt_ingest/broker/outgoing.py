"""What a session publishes: each packet until the broker has acknowledged it."""

import asyncio
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mqtt_ingest.core.errors import NotPublished


class Outgoing:
    """A Publisher (`mqtt_ingest.core.ports`) by a paho client. Lives on the event loop."""

    def __init__(self, client: mqtt.Client) -> None:
        self._client = client
        # Packet id -> who waits for its PUBACK.
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._closed = False
        client.on_publish = self._acknowledged

    async def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Publish; return once the broker has acknowledged it, at QoS 0 at once.

        paho sends a packet again on the next connection, until it is acknowledged.

        Raises:
            NotPublished: the topic is none to publish to, the broker refused it (MQTT 5), or
                the session ended first.
        """
        if self._closed:
            raise NotPublished("the session has ended")
        try:
            sent = self._client.publish(topic, payload, qos)
        except ValueError as error:
            raise NotPublished(f"{topic}: {error}") from error
        if not qos:
            return
        acknowledged = asyncio.get_running_loop().create_future()
        self._waiting[sent.mid] = acknowledged
        try:
            await acknowledged
        finally:
            self._waiting.pop(sent.mid, None)

    def close(self) -> None:
        """Tell those that still wait that nothing will be acknowledged any more."""
        self._closed = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(NotPublished("the session ended before the broker answered"))

    def _acknowledged(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        mid: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        waiting = self._waiting.get(mid)
        if waiting is None or waiting.done():
            return
        if reason.is_failure:
            waiting.set_exception(NotPublished(f"the broker refused it: {reason}"))
        else:
            waiting.set_result(None)
