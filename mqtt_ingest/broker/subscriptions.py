"""What a session has subscribed at the broker: asked for, granted, refused, given up.

Filters change without a moment in which nothing is subscribed: what goes stays until what
replaces it is granted (the same filter with or without `$share/<group>/`).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from devices.timings import RESUBSCRIBE_SECONDS
from mqtt_ingest.core.sharing import bare


@dataclass(frozen=True, slots=True)
class _Request:
    """A SUBSCRIBE that is not answered yet, and what goes once it is granted."""

    filters: Sequence[str]
    unwanted: Sequence[str]


class Subscriptions:
    """The filters of one session, besides its side topics. Ids are those of MQTT packets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; `clock` tells seconds, monotonic."""
        # What the broker has granted, and why it refused others.
        self.filters: list[str] = []
        self.refused: dict[str, str] = {}
        self._refused_at = 0.0
        self._clock = clock
        self._requests: dict[int | None, _Request] = {}
        # Filters that the broker has not given up yet, by the UNSUBSCRIBE that names them.
        self._leaving: dict[int | None, list[str]] = {}

    def begin(self, kept: Sequence[str]) -> None:
        """Begin on a fresh connection, whose session still has `kept`."""
        self.filters, self.refused = list(kept), {}
        self._requests.clear()
        self._leaving.clear()

    @property
    def is_waiting(self) -> bool:
        """Return whether a SUBSCRIBE is not answered yet."""
        return bool(self._requests)

    @property
    def held(self) -> list[str]:
        """Return what the broker may have of this session: what it granted, and not given up."""
        leaving = [name for names in self._leaving.values() for name in names]
        return list(dict.fromkeys([*self.filters, *leaving]))

    def difference(self, wanted: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return what is to be subscribed for `wanted`, and what is to go.

        What was refused is asked for now and then, and what it would replace stays.
        """
        # There may be very many.
        asked, held = frozenset(wanted), frozenset(self.filters)
        self.refused = {name: why for name, why in self.refused.items() if name in asked}
        rests = self._clock() - self._refused_at < RESUBSCRIBE_SECONDS
        new = [n for n in wanted if n not in held and not (rests and n in self.refused)]
        return new, self._replaced([name for name in self.filters if name not in asked])

    def asked(self, packet_id: int | None, new: Sequence[str], unwanted: Sequence[str]) -> None:
        """Note a SUBSCRIBE of `new`; `unwanted` goes once that is granted."""
        self._requests[packet_id] = _Request(new, unwanted)

    def answered(self, packet_id: int, refusals: Mapping[int, str]) -> list[str] | None:
        """Take a SUBACK; `refusals` has the reasons by place.

        Returns:
            What is to be unsubscribed now; None where it was no SUBSCRIBE of ours.
        """
        request = self._requests.pop(packet_id, None)
        if request is None:
            return None
        refused = {request.filters[place]: why for place, why in refusals.items()}
        granted = [name for name in request.filters if name not in refused]
        known = frozenset(granted)
        self.refused = {n: why for n, why in self.refused.items() if n not in known} | refused
        self._refused_at = self._clock()
        self.filters = list(dict.fromkeys([*self.filters, *granted]))
        return self._replaced(request.unwanted)

    def leaves(self, packet_id: int | None, names: Sequence[str]) -> None:
        """Note an UNSUBSCRIBE of `names`."""
        self._leaving[packet_id] = list(names)
        gone = frozenset(names)
        self.filters = [name for name in self.filters if name not in gone]

    def left(self, packet_id: int) -> bool:
        """Take an UNSUBACK; return whether it is of an UNSUBSCRIBE of ours."""
        return self._leaving.pop(packet_id, None) is not None

    def _replaced(self, names: Sequence[str]) -> list[str]:
        """Return those of `names` that nothing needs which was refused."""
        stay = {bare(name) for name in self.refused}
        return [name for name in names if bare(name) not in stay]
