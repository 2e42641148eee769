"""The one channel of this process in the layer, in the groups of what its pages show.

Sockets join and leave groups here instead of with a channel each: an event is
received and decoded once, however many pages show its device.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from devices.live import FLEET_GROUP, WEB_GROUP, device_group, layer
from devices.outages import Outage
from devices.timings import REJOIN_SECONDS

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
Member = TypeVar("Member")


class LayerGroups(Generic[Member]):
    """Who shows which device, and the channel that hears of them."""

    def __init__(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Prepare.

        Args:
            hear: takes every event, on the event loop; must not fail.
        """
        self._hear = hear
        self._layer = layer()
        self._channel = ""
        self._members: dict[int, set[Member]] = defaultdict(set)
        self._joined: set[int] = set()
        self._lock = asyncio.Lock()
        self._outage = Outage(logger, "Cannot hear the workers live; the database is read instead")

    @property
    def devices(self) -> list[int]:
        """Return the devices that somebody shows, by pk."""
        return list(self._members)

    def members(self, device: int) -> list[Member]:
        """Return who shows `device`."""
        return list(self._members.get(device, ()))

    async def join(self, member: Member, devices: Iterable[int]) -> None:
        """Have `member` hear of `devices`: of whatever is announced after this returned.

        Where the layer is away that is later, and healing bridges the time.
        """
        for device in devices:
            self._members[device].add(member)
        await self._follow()

    async def leave(self, member: Member, devices: Iterable[int]) -> None:
        """Have `member` hear no more of `devices`."""
        self.forget(member, devices)
        await self._follow()

    def forget(self, member: Member, devices: Iterable[int]) -> None:
        """Leave without a word to the layer, which follows with the next change."""
        for device in devices:
            self._members[device].discard(member)
            if not self._members[device]:
                del self._members[device]

    async def _follow(self) -> None:
        """Be in the groups of exactly the devices that somebody shows."""
        if self._joined == self._members.keys() or not self._channel:
            return
        async with self._lock:
            try:
                for device in self._members.keys() - self._joined:
                    await self._layer.group_add(device_group(device), self._channel)
                    self._joined.add(device)
                for device in self._joined - self._members.keys():
                    await self._layer.group_discard(device_group(device), self._channel)
                    self._joined.discard(device)
                self._outage.works()
            except Exception as error:  # noqa: BLE001 - whatever the layer raises
                self._outage.fails(error)

    async def receive(self) -> None:
        """Receive until cancelled; a layer that is away is asked again."""
        while True:
            channel, self._joined = "", set()
            joined = self._joined
            try:
                channel = await self._enter()
                await self._follow()
                self._outage.works()
                while True:
                    self._hear(await self._layer.receive(channel))
            except Exception as error:  # noqa: BLE001 - whatever the layer raises
                self._outage.fails(error)
                self._channel = ""
                await asyncio.sleep(RETRY_SECONDS)
            except asyncio.CancelledError:
                await self._exit(channel, joined)
                raise

    async def _enter(self) -> str:
        """Return a new channel that is in the groups that every web process is in."""
        channel = str(await self._layer.new_channel())
        for group in (WEB_GROUP, FLEET_GROUP):
            await self._layer.group_add(group, channel)
        self._channel = channel
        return channel

    async def _exit(self, channel: str, joined: set[int]) -> None:
        """Leave every group: the layer would keep the name of the channel in it.

        By then the next sockets may have come, and have a channel of their own.
        """
        if self._channel == channel:
            self._channel = ""
        try:
            for group in (WEB_GROUP, FLEET_GROUP, *map(device_group, joined)):
                await self._layer.group_discard(group, channel)
        except Exception as error:  # noqa: BLE001 - whatever the layer raises
            logger.info("Cannot leave groups: %s", error)

    async def stay(self) -> None:
        """Join what could not be joined, and all again before the layer forgets it."""
        joined_at = time.monotonic()
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            if time.monotonic() - joined_at > REJOIN_SECONDS:
                joined_at = time.monotonic()
                await self._rejoin()
            await self._follow()

    async def _rejoin(self) -> None:
        try:
            for group in (WEB_GROUP, FLEET_GROUP):
                await self._layer.group_add(group, self._channel)
            self._joined.clear()
        except Exception as error:  # noqa: BLE001 - whatever the layer raises
            self._outage.fails(error)
