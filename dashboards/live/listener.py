"""What the hub tells each open socket."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from dashboards.live.alarm_channel import AlarmChannel
from dashboards.live.encoded_events import EncodedEvent
from dashboards.live.reconciliation import Lost
from dashboards.live.rooms import Presence, RoomChannel
from devices.monitoring.losses import Gap
from devices.queries import SeriesInfo


class Listener(Protocol):
    """A socket, as the hub knows it. Its methods take news; none of them waits."""

    # Whose it is; their sockets are counted.
    owner: str
    # Set when somebody's rights changed: whoever owns the socket looks at this person's.
    rights_due: asyncio.Event
    # Set when ingest went, or came back: the next heartbeat does not wait for its time.
    health_due: asyncio.Event

    @property
    def shown_series(self) -> Mapping[int, SeriesInfo]:
        """Return the series that are subscribed, by pk."""
        ...

    @property
    def wants_fleet(self) -> bool:
        """Return whether fleet counts are subscribed."""
        ...

    def stored(self, event: EncodedEvent) -> None:
        """Take what was committed of a device."""
        ...

    def repair(self, lost: Lost) -> None:
        """Read again what was lost on the layer."""
        ...

    def start_over(self) -> None:
        """Send everything anew: nothing that was shown need be there any more."""
        ...

    def series_began(self, devices: dict[int, int]) -> None:
        """Take new series (pk to its device's)."""
        ...

    def devices_changed(self, devices: set[int]) -> None:
        """Show the states of `devices` anew."""
        ...

    def note_gaps(self, gaps: list[Gap]) -> None:
        """Take what was lost lately of the devices that somebody shows."""
        ...

    def look_at_jobs(self) -> None:
        """Show the jobs anew, if any are subscribed."""
        ...

    # Its rooms, and mentions of its person.
    rooms: RoomChannel

    @property
    def is_idle(self) -> bool:
        """Return whether nobody looks at the page."""
        ...

    def look_at_notes_after(self, newest: int, presence: Presence) -> None:
        """Show notes, and who is here, where there are newer ones than `newest`, or others."""
        ...

    # Its alarms.
    alarms: AlarmChannel

    def look_at_alarms_after(self, newest: int) -> None:
        """Show alarms, where one has changed since the last look."""
        ...

    def fleet_changed(self) -> None:
        """Show fleet counts anew; devices that match may have come."""
        ...
