"""How often sockets are sent frames: less often while they cannot be kept up with.

Frames of a subscription go out `rate_hz` times a second at most. With hundreds of open
pages that is more than one process can do, and it can be more than a browser can draw; then
frames wait in line, seconds at the end. Fewer frames with more rows each cost far less. So
while the event loop is late all pages get theirs less often, and a page gets its own less
often while it answers late. No row is lost by that.
"""

import asyncio
import time

# The loop is looked at so often, and is late when it comes so much later than asked for.
TICK_SECONDS, LATE_SECONDS = 0.1, 0.02
# A client is late when it acknowledges a frame so much later than it can.
LATE_CLIENT_SECONDS = 0.15
# The longest interval between frames that this makes, and the shortest.
MAX_SECONDS, MIN_SECONDS = 0.4, 0.1
# How fast the interval rises while something is late, and falls while it is not.
UP, DOWN = 1.3, 0.97


class FramePace:
    """The interval between frames that a loop, or a client, can keep up with."""

    def __init__(self, late: float = LATE_SECONDS) -> None:
        """Begin with as many frames as are asked for.

        Args:
            late: what counts as late, in s.
        """
        # In s; 0: as often as subscriptions ask for.
        self.interval = 0.0
        self._late = late

    def observe(self, delay: float) -> None:
        """Take a delay (s)."""
        if delay > self._late:
            self.interval = min(max(MIN_SECONDS, self.interval * UP), MAX_SECONDS)
        else:
            lower = self.interval * DOWN
            self.interval = lower if lower >= MIN_SECONDS else 0.0

    async def watch_loop(self) -> None:
        """Look at the running loop; ends when cancelled."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            self.observe(time.monotonic() - before - TICK_SECONDS)


class RoundTrips:
    """From frames and what a client acknowledges of them: how late it is.

    The shortest round trip is what its network takes; more is time spent waiting.
    """

    def __init__(self) -> None:
        self.pace = FramePace(LATE_CLIENT_SECONDS)
        self._sent: dict[int, float] = {}
        self._shortest = float("inf")

    def sent(self, seq: int) -> None:
        """Note that a frame goes out."""
        self._sent[seq] = time.monotonic()

    def acknowledged(self, seq: int) -> None:
        """Note that the client has drawn everything up to `seq`."""
        taken = time.monotonic() - self._sent.get(seq, time.monotonic())
        self._shortest = min(self._shortest, taken)
        self.pace.observe(taken - self._shortest)
        self._sent = {number: at for number, at in self._sent.items() if number > seq}
