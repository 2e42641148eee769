"""The other way: packets through Channels as its tutorials write it, for the ratio.

`python -m tests.bench.tutorial PORT` subscribes to the broker and does one `group_send` a
packet; `application` is a consumer that sends one frame an event. No rows, no credit.
"""

import asyncio
import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.runs.tutorial_settings")
django.setup()

import paho.mqtt.client as mqtt  # noqa: E402 - Django must be set up first
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402
from paho.mqtt.enums import CallbackAPIVersion  # noqa: E402


class TutorialConsumer(AsyncJsonWebsocketConsumer):
    """Joins the groups it is told; sends what comes."""

    async def receive_json(self, content: Any, **_options: Any) -> None:
        for device in content["devices"]:
            await self.channel_layer.group_add(device, self.channel_name)

    async def packet(self, event: Any) -> None:
        await self.send_json(event["body"])


application = ProtocolTypeRouter({"websocket": TutorialConsumer.as_asgi()})


async def forward(port: int) -> None:
    """Send each packet to the group of its device."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[mqtt.MQTTMessage]()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: loop.call_soon_threadsafe(
        queue.put_nowait, message
    )
    client.connect("127.0.0.1", port)
    client.subscribe("devices/+/telemetry", 1)
    client.loop_start()
    layer: Any = get_channel_layer()
    while True:
        message = await queue.get()
        device = message.topic.split("/")[1]
        await layer.group_send(device, {"type": "packet", "body": json.loads(message.payload)})


if __name__ == "__main__":
    asyncio.run(forward(int(sys.argv[1])))
