"""What the core needs from outside, as Protocols; the shells implement them."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from mqtt_ingest.core.packets import Batch, Entry, Packet

# What a sink says of a committed batch; the core never looks into it.
Stored_co = TypeVar("Stored_co", covariant=True)


class PacketSource(Protocol):
    """Where packets come from: a broker session, or the embedded broker."""

    async def run(self, feed: Callable[[Packet], None]) -> None:
        """Deliver packets to `feed` until cancelled."""
        ...

    async def close(self) -> None:
        """Send what is waiting and end the connection, not the session."""
        ...

    def acknowledge(self, packets: Sequence[Packet]) -> None:
        """Acknowledge `packets` in order; those of an older generation are passed over."""
        ...

    def pause(self) -> None:
        """Stop reading."""
        ...

    def resume(self) -> None:
        """Read again."""
        ...


class Publisher(Protocol):
    """By what packets of ours get to the broker: a slot's session, or the embedded broker.

    Canaries go by it; so do commands to devices.
    """

    async def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Publish; return once the broker has it for sure, at QoS 0 once it is sent.

        It may take as long as the broker is away: bound it by `asyncio.timeout`.

        Raises:
            NotPublished: it cannot be published, or the session ended first.
        """
        ...


class BatchSink(Protocol[Stored_co]):
    """Where batches are committed."""

    def stage(self, batch: Batch, entry: Entry) -> None:
        """Prepare `entry`, just added to `batch`, while an earlier batch is being committed."""
        ...

    def trusts(self, source: str, native_id: str) -> bool:
        """Return whether a person has accepted the device, as far as is known by now."""
        ...

    async def store(self, batch: Batch) -> Stored_co:
        """Commit `batch` in one transaction.

        Raises:
            SlotLost: this writer was fenced; nothing was stored.
        """
        ...


class Clock(Protocol):
    """Time; a fake one in tests."""

    def now(self) -> int:
        """Return µs since 1970 UTC."""
        ...
