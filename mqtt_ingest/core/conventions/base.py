"""What a convention has to offer."""

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from mqtt_ingest.core.conventions.recognising import Evidence, Observation
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet, Request

# Of different things that a convention cannot interpret.
MAX_NOTES = 200


class Options(BaseModel):
    """What can be set of a convention, per Source; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Convention:
    """A way to lay out topics and payloads, as one Source uses it.

    Reading is pure: no I/O, no clock, bounded work. What has to be remembered from packet to
    packet goes into `state`, and nowhere else.
    """

    # Of the interface; raised where conventions of others would have to change.
    version: ClassVar[int] = 1
    name: ClassVar[str]
    # For people: the name of the ecosystem.
    label: ClassVar[str] = ""
    Options: ClassVar[type[Options]] = Options
    # It remembers: all packets of a Source go to one slot.
    is_stateful: ClassVar[bool] = False
    # Others are asked first; what they read it may describe.
    comes_last: ClassVar[bool] = False
    # Filters whose packets may be spread over several slots, and those that one slot must
    # receive in order (status, discovery).
    shared_filters: Sequence[str] = ()
    ordered_filters: Sequence[str] = ()

    def __init__(self, options: Any = None, state: State | None = None) -> None:
        """Prepare to read the packets of one Source.

        Args:
            options: an `Options` of this convention; None: the defaults.
            state: what was remembered.
        """
        self.options: Any = options if options is not None else self.Options()
        self.state = state if state is not None else State()
        # What is to be published; taken by the pipeline after each packet.
        self.requests: list[Request] = []
        # What of announcements cannot be interpreted -> why, and how often that was so.
        self.not_interpreted: dict[str, tuple[str, int]] = {}

    def note(self, what: str, why: str) -> None:
        """Count that `what`, such as a template, cannot be interpreted."""
        _why, number = self.not_interpreted.get(what, (why, 0))
        if what in self.not_interpreted or len(self.not_interpreted) < MAX_NOTES:
            self.not_interpreted[what] = (why, number + 1)

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what `packet` says about each device, or None where it is not of this kind.

        Raises:
            Undecodable: it is of this kind, but cannot be read.
        """
        raise NotImplementedError

    @classmethod
    def recognise(cls, observed: Sequence[Observation]) -> Evidence | None:
        """Return with which options, and why, the convention would read what was observed.

        None: nothing of it is unmistakably of this kind.
        """
        del observed
        return None

    def describe(self, packet: Packet, messages: Sequence[DeviceMessage]) -> None:
        """Add what is known to what another convention has read; of those that come last."""
