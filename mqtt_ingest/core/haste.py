"""Who waits for our acknowledgement to send on, while commits rest.

With an interval between commits a publisher whose window is full would get one window an
interval through. It shows itself by sending again right after it was acknowledged: then the
next commit does not wait.
"""

import asyncio
from collections.abc import Iterable

from mqtt_ingest.core.packets import Packet

# Within so many seconds after the acknowledgement.
SOON = 0.5
# From a broker, whose publishers cannot be told apart, so many packets must come.
BURST = 10


class Haste:
    """Ends the rest between commits early where somebody waits."""

    def __init__(self) -> None:
        self._hurry = asyncio.Event()
        # Session -> when it was acknowledged last, of the last commit; in s.
        self._acknowledged: dict[str, float] = {}
        self._came = 0

    def acknowledged(self, packets: Iterable[Packet], now: float) -> None:
        """Note who was acknowledged at `now`."""
        self._acknowledged = {packet.session: now for packet in packets if packet.qos}
        self._came = 0

    def came(self, packet: Packet, now: float) -> None:
        """Look whether `packet` was waiting for an acknowledgement."""
        at = self._acknowledged.get(packet.session)
        if not packet.qos or at is None or now - at > SOON:
            return
        self._came += 1
        if packet.session or self._came >= BURST:
            self._hurry.set()

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
