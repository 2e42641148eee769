"""Waiting for an event never loses that somebody wants it to end."""

import asyncio

import pytest

from devices.events import set_within


async def test_it_tells_whether_the_event_came() -> None:
    event = asyncio.Event()
    assert not await set_within(event, 0.01)
    event.set()
    assert await set_within(event, 0.01)


async def test_a_cancellation_that_comes_with_the_event_is_not_lost() -> None:
    event = asyncio.Event()

    async def loop() -> None:
        while True:
            await set_within(event, 60)
            event.clear()

    task = asyncio.ensure_future(loop())
    await asyncio.sleep(0)
    event.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
