"""Packets of ours: whoever publishes hears when the broker has them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from mqtt_ingest.broker.canary import SideTopics
from mqtt_ingest.broker.outgoing import Outgoing
from mqtt_ingest.broker.session import Agreed, MqttSession
from mqtt_ingest.brokers import Broker
from mqtt_ingest.core.errors import NotPublished
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.ports import Publisher
from tests.support.factories import broker_at
from tests.support.services import Service

pytestmark = pytest.mark.services


@contextlib.asynccontextmanager
async def session(
    broker: Broker,
    filters: Sequence[str] = (),
    feed: Callable[[Packet], None] = lambda _packet: None,
) -> AsyncIterator[MqttSession]:
    """A session that is subscribed to `filters`."""

    async def nothing() -> None:
        return

    async def agreed(_session_present: bool) -> Agreed:
        return Agreed(list(filters), [])

    connected = asyncio.Event()
    made = MqttSession(
        client_id="publisher",
        broker=broker,
        aside=SideTopics("publisher", canary=False, watch_broker=False),
        may_connect=nothing,
        on_session=agreed,
        on_state=lambda state, _detail: connected.set() if state == "subscribed" else None,
    )
    running = asyncio.create_task(made.run(feed))
    async with asyncio.timeout(10):
        await connected.wait()
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await made.close()


async def heard(port: int, publisher: Publisher, topic: str) -> list[bytes]:
    """Publish on `topic` while somebody listens; return what was heard."""
    loop, subscribed, got = asyncio.get_running_loop(), asyncio.Event(), asyncio.Queue[bytes]()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener")
    client.on_connect = lambda *_given: client.subscribe("#", qos=1)
    client.on_subscribe = lambda *_given: loop.call_soon_threadsafe(subscribed.set)
    client.on_message = lambda _client, _data, message: loop.call_soon_threadsafe(
        got.put_nowait, message.payload
    )
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        async with asyncio.timeout(10):
            await subscribed.wait()
            for number in range(3):
                await publisher.publish(topic, b"%d" % number)
            return [await got.get() for _ in range(3)]
    finally:
        await loop.run_in_executor(None, client.disconnect)
        await loop.run_in_executor(None, client.loop_stop)


async def test_a_slot_s_session_publishes(mosquitto_service: Service) -> None:
    async with session(broker_at(mosquitto_service.port)) as made:
        assert await heard(mosquitto_service.port, made, "devices/a/command") == [b"0", b"1", b"2"]
        await made.publish("devices/a/command", b"unacknowledged", qos=0)


async def test_what_cannot_be_published_is_refused_at_once(mosquitto_service: Service) -> None:
    async with session(broker_at(mosquitto_service.port)) as made:
        for topic in ("", "devices/+/command", "#"):
            with pytest.raises(NotPublished):
                await made.publish(topic, b"")


async def test_an_outage_delays_a_packet_and_the_end_of_the_session_tells_of_it(
    mosquitto_service: Service,
) -> None:
    async with session(broker_at(mosquitto_service.port)) as made:
        mosquitto_service.stop()
        waiting = asyncio.create_task(made.publish("devices/a/command", b"late"))
        await asyncio.sleep(0)
        assert not waiting.done()
        mosquitto_service.start()
        async with asyncio.timeout(20):
            await waiting
        mosquitto_service.stop()
        lost = asyncio.create_task(made.publish("devices/a/command", b"lost"))
        await asyncio.sleep(0)
    with pytest.raises(NotPublished, match="session ended"):
        await lost
    with pytest.raises(NotPublished, match="has ended"):
        await made.publish("devices/a/command", b"too late")


async def test_a_packet_that_the_broker_refuses_is_none_it_has() -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    outgoing = Outgoing(client)
    publishing = asyncio.create_task(outgoing.publish("devices/a/command", b""))
    await asyncio.sleep(0)
    (mid,) = outgoing._waiting
    reason = ReasonCode(PacketTypes.PUBACK, "Not authorized")
    client.on_publish(client, None, mid, reason, None)
    with pytest.raises(NotPublished, match="Not authorized"):
        await publishing
