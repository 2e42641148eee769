"""Waiting for an event for some time.

`asyncio.wait_for` of Python 3.11 can lose a cancellation that comes together with the event
(https://github.com/python/cpython/issues/86296): whatever is to end then goes on for ever.
"""

import asyncio


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for `event`; return whether it was set within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
