"""Who waits for our acknowledgement to send on, while commits rest.

With an interval between commits a publisher whose window is full would get one window an
interval through. It shows itself by sending again right after it was acknowledged: then the
next commit does not wait. Whoever sends at a steady pace, whenever it is acknowledged, only
seems to.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable

from mqtt_ingest.core.packets import Packet

# Within so many seconds after the acknowledgement.
SOON = 0.5
# From a broker, whose publishers cannot be told apart, so many packets must come.
BURST = 10
# A pace is steady if no gap differs from the last one by more than this part of it. Gaps that
# are as long as the interval may be our own doing: only those below this part of it count.
STEADY, BELOW = 0.2, 0.75
# Sessions whose pace is remembered.
CAPACITY = 10_000


class WaitingPublishers:
    """Ends the rest between commits early where somebody waits."""

    def __init__(self) -> None:
        self._hurry = asyncio.Event()
        # Session -> when it was acknowledged last, of the last commit; in s.
        self._acknowledged: dict[str, float] = {}
        self._came = 0
        # Session -> when its last packet came, and the gap before it; in s.
        self._paces: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def acknowledged(self, packets: Iterable[Packet], now: float) -> None:
        """Note who was acknowledged at `now`."""
        self._acknowledged = {packet.session: now for packet in packets if packet.qos}
        self._came = 0

    def came(self, packet: Packet, now: float, interval: float) -> None:
        """Look whether `packet` was waiting for an acknowledgement.

        Args:
            packet: it.
            now: in s.
            interval: between commits, in s.
        """
        is_steady = self._is_steady(packet.session, now, interval)
        at = self._acknowledged.get(packet.session)
        if not packet.qos or at is None or now - at > SOON or is_steady:
            return
        self._came += 1
        if packet.session or self._came >= BURST:
            self._hurry.set()

    def _is_steady(self, session: str, now: float, interval: float) -> bool:
        """Return whether `session` would have sent now in any case."""
        if not session:
            return False
        last, gap = self._paces.pop(session, (now, 0.0))
        new = now - last
        self._paces[session] = (now, new)
        if len(self._paces) > CAPACITY:
            self._paces.popitem(last=False)
        return 2 * SOON < new < BELOW * interval and abs(new - gap) <= STEADY * new

    def now(self) -> None:
        """End the rest."""
        self._hurry.set()

    async def rest(self, seconds: float) -> None:
        """Wait for `seconds`, or until somebody is found to wait."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            pass
        self._hurry.clear()
