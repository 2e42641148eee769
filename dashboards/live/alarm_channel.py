"""Alarms of a socket: what is on, by severity, and each that changes.

They are stored first. Once a second the hub reads the number of the last change of any alarm;
where that has moved, each subscription reads what it has not been sent.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import Error

from dashboards.live import snapshots
from dashboards.live.sender import Sender
from dashboards.presentation import alarms
from dashboards.read_pool import in_thread
from devices.access import Scope
from devices.alarms import numbers

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Watching:
    """A subscription: of which devices, up to which change it was sent, and the counts as sent."""

    match: dict[str, Any] | None
    seq: int = 0
    counts: dict[str, int] | None = None
    is_acknowledged: bool = False


def read(
    match: dict[str, Any] | None, after: int, scope: Scope, *, named: bool
) -> tuple[dict[str, int], list[dict[str, Any]], int]:
    """Return counts, the alarms that changed after a number, and up to which number.

    Args:
        match: of which devices; None: of all that one sees.
        after: the number; 0: what is on is told, and from when on changes are.
        scope: of who asks.
        named: whether people are named.
    """
    newest = numbers.newest(numbers.ALARMS)
    devices = None if match is None else snapshots.matching(scope, match)
    found = alarms.of(scope, devices)
    changed, upto = alarms.changed(found, after, scope, named=named)
    is_whole = not after or len(changed) < alarms.MOST
    return alarms.counts(found), changed, max(newest, upto) if is_whole else upto


class AlarmChannel:
    """The alarms that one socket shows."""

    def __init__(self, user: Callable[[], Any] | None) -> None:
        """Prepare; `user` tells the person. Where there is none, on a screen, nobody is named."""
        self.subscriptions: dict[int, Watching] = {}
        self.due = False
        self._user = user
        self._looked = -1

    @property
    def _named(self) -> bool:
        return self._user is not None and self._user() is not None

    def subscribe(self, sub: int, match: dict[str, Any] | None) -> None:
        """Take a subscription in."""
        self.subscriptions[sub] = Watching(match)
        self.due = True

    def is_behind(self, newest: int) -> bool:
        """Return whether anything has changed since the last look."""
        is_old, self._looked = newest != self._looked, newest
        return is_old and bool(self.subscriptions)

    def start_over(self) -> None:
        """Send all that is on anew: rights have changed."""
        for one in self.subscriptions.values():
            one.seq, one.counts = 0, None
        self.due = bool(self.subscriptions)

    async def show(self, sender: Sender, scope: Scope) -> None:
        """Send what has changed."""
        self.due = False
        for sub, one in list(self.subscriptions.items()):
            try:
                counts, changed, upto = await in_thread(
                    lambda one=one: read(one.match, one.seq, scope, named=self._named)  # type: ignore[misc]
                )
            except Error as error:
                logger.info("A socket cannot read alarms: %s", error)
                self.due = True
                return
            if not one.is_acknowledged:
                one.is_acknowledged = True
                await sender.acknowledge(sub)
            if sub not in self.subscriptions:
                continue
            is_whole, one.seq = one.counts is None, upto
            if changed or counts != one.counts:
                one.counts = counts
                frame = {"t": "upd", "id": sub, "counts": counts, "alarms": changed}
                frame["whole"] = is_whole
                await sender.send_state(frame)
            # As many as one frame tells: there may be more.
            self.due = self.due or len(changed) == alarms.MOST
