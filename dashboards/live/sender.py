"""What a socket sends: frames that count against the client's credit, and frames that do not.

A counted frame has a `seq`. The client acknowledges what it has drawn by `rx`; at most
`LIVE_WINDOW` counted frames are on their way. Without credit nothing is queued here: whoever
sends waits, and news gather in the subscriptions' bounded state.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from dashboards.live.frame_pace import RoundTrips
from dashboards.live.frames import BadFrame, bare_ack, dumps
from devices.events import set_within
from devices.timings import NO_CREDIT_SECONDS


class SlowClient(Exception):
    """The client has not drawn anything for too long."""


class Sender:
    """The sending side of one socket."""

    def __init__(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Prepare; `send` sends one text frame."""
        self._send = send
        self._seq = 0
        self._received = 0
        self._credit = asyncio.Event()
        self._trips = RoundTrips()

    @property
    def interval(self) -> float:
        """Return how long to wait between frames, in s, so that the client keeps up."""
        return self._trips.pace.interval

    def on_credit(self, seq: object) -> None:
        """Take what the client has drawn up to; nonsense is passed over."""
        if isinstance(seq, int) and self._received < seq <= self._seq:
            self._received = seq
            self._trips.acknowledged(seq)
            self._credit.set()

    async def wait_for_credit(self) -> None:
        """Wait until the client has drawn enough.

        Raises:
            SlowClient: it drew nothing for `NO_CREDIT_SECONDS`.
        """
        while self._seq - self._received >= settings.LIVE_WINDOW:
            self._credit.clear()
            if not await set_within(self._credit, NO_CREDIT_SECONDS):
                raise SlowClient

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a frame that does not count."""
        await self._send(dumps(frame))

    async def send_state(self, frame: dict[str, Any]) -> None:
        """Send a frame that counts, once there is credit."""
        await self.send_text(dumps(frame)[:-1])

    async def send_text(self, frame: str) -> None:
        """Send a counted frame whose JSON has no closing brace yet."""
        await self.wait_for_credit()
        self._seq += 1
        self._trips.sent(self._seq)
        await self._send(f'{frame},"seq":{self._seq}}}')

    async def acknowledge(self, sub: int) -> None:
        """Answer a subscription that has no series."""
        await self._send(dumps(bare_ack(sub)))

    async def refuse(self, error: BadFrame) -> None:
        """Answer a frame that cannot be served."""
        frame: dict[str, Any] = {"t": "err", "code": error.code, "msg": error.message}
        await self.send(frame | ({} if error.sub is None else {"id": error.sub}))


def now_ms() -> int:
    """Return the server's time in ms since 1970 UTC."""
    return time.time_ns() // 1_000_000
