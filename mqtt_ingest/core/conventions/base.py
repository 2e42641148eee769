"""What a convention has to offer."""

from typing import ClassVar, Protocol

from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Decoded, Packet


class Convention(Protocol):
    """A pure reading of topics and payloads: no I/O, no clock, bounded work."""

    name: ClassVar[str]
    # Filters whose packets may be spread over several slots, and those that one
    # slot must receive in order (status, discovery).
    shared_filters: ClassVar[tuple[str, ...]]
    ordered_filters: ClassVar[tuple[str, ...]]

    def decode(self, packet: Packet, limits: Limits) -> Decoded | None:
        """Return what `packet` says, or None where it is not for this convention.

        Raises:
            Undecodable: it is for this convention, but cannot be read.
        """
        ...
