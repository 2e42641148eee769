"""The process's one channel: in the groups of what is shown, whoever comes and goes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from dashboards.live import layer_groups
from dashboards.live.layer_groups import LayerGroups
from devices.live import FLEET_GROUP, device_group


class SlowLayer(InMemoryChannelLayer):
    """Cleans up after a cancelled `receive` for a while, as the pub/sub layer does."""

    away = False

    async def receive(self, channel: str) -> Any:
        try:
            return await super().receive(channel)
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
            raise

    async def group_add(self, group: str, channel: str) -> None:
        if self.away:
            raise ConnectionError("away")
        await super().group_add(group, channel)


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> SlowLayer:
    made = SlowLayer()
    monkeypatch.setattr(layer_groups, "layer", lambda: made)
    monkeypatch.setattr(layer_groups, "RETRY_SECONDS", 0.01)
    return made


@asynccontextmanager
async def running(made: LayerGroups[str]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(work()) for work in (made.receive, made.stay)]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def heard_of(layer: SlowLayer, heard: list[Any], group: str) -> bool:
    """Announce something to `group`; return whether it is heard."""
    heard.clear()
    await layer.group_send(group, {"type": "tested", "group": group})
    with suppress(TimeoutError):
        await until(lambda: bool(heard), 0.5)
    return bool(heard)


async def until(condition: Callable[[], bool], seconds: float = 2) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


async def test_a_device_is_heard_of_while_anybody_shows_it(layer: SlowLayer) -> None:
    heard: list[Any] = []
    made: LayerGroups[str] = LayerGroups(heard.append)
    async with running(made):
        await made.join("one", [1, 2])
        await made.join("two", [2])
        await made.leave("one", [1, 2])
        assert not layer.groups.get(device_group(1))
        assert await heard_of(layer, heard, device_group(2))
        assert await heard_of(layer, heard, FLEET_GROUP)
        assert (made.devices, made.members(2)) == ([2], ["two"])


async def test_those_who_come_as_the_last_ones_leave_hear(layer: SlowLayer) -> None:
    heard: list[Any] = []
    made: LayerGroups[str] = LayerGroups(heard.append)
    async with running(made):
        await made.join("one", [1])
    made.forget("one", [1])
    async with running(made):
        await made.join("two", [1])
        await asyncio.sleep(0.05)  # the first one's channel is given up
        assert await heard_of(layer, heard, device_group(1))
        assert len(layer.groups[device_group(1)]) == 1


async def test_what_could_not_be_joined_is_joined_later(layer: SlowLayer) -> None:
    heard: list[Any] = []
    made: LayerGroups[str] = LayerGroups(heard.append)
    async with running(made):
        layer.away = True
        await made.join("one", [1])
        assert made.members(1) == ["one"]
        layer.away = False
        await until(lambda: device_group(1) in layer.groups)
        assert await heard_of(layer, heard, device_group(1))


async def test_all_is_joined_again_before_the_layer_forgets(
    layer: SlowLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    made: LayerGroups[str] = LayerGroups(heard.append)
    async with running(made):
        await made.join("one", [1])
        layer.groups.clear()
        monkeypatch.setattr(layer_groups, "REJOIN_SECONDS", 0.0)
        await until(lambda: device_group(1) in layer.groups)
        assert await heard_of(layer, heard, FLEET_GROUP)
