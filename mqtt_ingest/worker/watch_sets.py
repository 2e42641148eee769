"""What web processes watch, as a worker hears it: those devices are announced."""

import asyncio
import logging

from devices.live import INGEST_GROUP, WEB_GROUP, WatchTable, layer
from devices.outages import Outage

logger = logging.getLogger(__name__)
RETRY_SECONDS = 1.0


async def listen(watched: WatchTable) -> None:
    """Keep `watched` up to date; ask for everything at the start. Ends when cancelled."""
    outage = Outage(logger, "Cannot hear what pages watch")
    while True:
        try:
            await _listen(watched, outage)
        except Exception as error:  # noqa: BLE001 - whatever the layer raises
            outage.fails(error)
            await asyncio.sleep(RETRY_SECONDS)


async def _listen(watched: WatchTable, outage: Outage) -> None:
    channels = layer()
    channel = await channels.new_channel()
    await channels.group_add(INGEST_GROUP, channel)
    await channels.group_send(WEB_GROUP, {"type": "watch.ask"})
    outage.works()
    while True:
        message = await channels.receive(channel)
        if message["type"] == "watch.set":
            watched.take(message)
