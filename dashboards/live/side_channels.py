"""Subscriptions without series: the counts of the fleet, and a person's jobs.

Each has what was sent last, and sends what has changed since.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db import Error

from dashboards.live.sender import Sender
from dashboards.read_pool import in_thread
from devices.access import Scope
from devices.registry import listing

logger = logging.getLogger(__name__)
Job = dict[str, Any]


class FleetChannel:
    """Counts of devices by site and state."""

    def __init__(self) -> None:
        # Subscription -> the counts as sent last; None: not acknowledged yet.
        self.subscriptions: dict[int, Any] = {}
        self.due = False

    def subscribe(self, sub: int) -> None:
        """Take a subscription in."""
        self.subscriptions[sub] = None
        self.due = True

    async def show(
        self, sender: Sender, scope: Scope, fleet: dict[int | None, listing.SiteCounts]
    ) -> None:
        """Send the counts of `fleet` that `scope` may see, where they have changed."""
        self.due = False
        if not self.subscriptions or not fleet:
            return
        try:
            sites = await in_thread(lambda: listing.fleet_of(scope, fleet))
        except Error as error:
            logger.info("A socket cannot read sites: %s", error)
            self.due = True
            return
        for sub, last in list(self.subscriptions.items()):
            if last is None:
                await sender.acknowledge(sub)
            if last != sites:
                self.subscriptions[sub] = sites
                await sender.send_state({"t": "upd", "id": sub, "sites": sites})


class JobsChannel:
    """The jobs of one person."""

    def __init__(self, read: Callable[[], list[Job]]) -> None:
        """Prepare; `read` reads the person's jobs."""
        # Subscription -> jobs by pk as sent last; None: not acknowledged yet.
        self.subscriptions: dict[int, dict[int, Job] | None] = {}
        self.due = False
        self._read = read

    def subscribe(self, sub: int) -> None:
        """Take a subscription in."""
        self.subscriptions[sub] = None
        self.due = True

    async def show(self, sender: Sender) -> None:
        """Send the jobs that have changed."""
        self.due = False
        try:
            jobs = {job["id"]: job for job in await in_thread(self._read)}
        except Error as error:
            logger.info("A socket cannot read jobs: %s", error)
            return
        for sub, last in list(self.subscriptions.items()):
            if last is None:
                await sender.acknowledge(sub)
            changed = [job for pk, job in jobs.items() if last is None or last.get(pk) != job]
            self.subscriptions[sub] = jobs
            if changed or last is None:
                await sender.send_state({"t": "upd", "id": sub, "jobs": changed})
