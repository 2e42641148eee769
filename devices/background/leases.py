"""Leader leases: work that one elected process does at a time.

A lease is kept by the database's clock and fenced like a slot: taking it over raises its
`epoch`, and whoever held it can commit nothing more under the old one. How far the work has
come is committed with the lease, so that the next holder goes on there.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Now

from devices.background.single_process import begins_alone, is_alone
from devices.database_clock import database_now
from devices.models import Duty
from devices.timings import LEADER_LEASE, LEADER_RENEW_SECONDS, LONGEST_LEASES

logger = logging.getLogger(__name__)

# Leases that were found to go on for longer than one can: the clock was ahead. Until when they
# would, and when that was noticed (s, monotonic).
found_ahead: dict[str, tuple[datetime, float]] = {}


class LeaseLost(Exception):
    """Another process has taken the lease over; nothing was committed."""


class Lease:
    """The lease on `name`, as one process asks for it. Lives on one thread."""

    def __init__(self, name: str, holder: str) -> None:
        """Prepare.

        Args:
            name: of the work.
            holder: the process' name.
        """
        self.name = name
        self._holder = holder
        self._epoch: int | None = None
        self._renewed = 0.0

    def hold(self) -> int | None:
        """Acquire the lease or renew it; None while another process holds it.

        A lease that was renewed a moment ago is not asked about again.

        Returns:
            The epoch to commit under.
        """
        now = time.monotonic()
        if self._epoch is None or now - self._renewed >= LEADER_RENEW_SECONDS:
            self._epoch = acquire(self.name, self._holder)
            self._renewed = now
        return self._epoch

    def forget(self) -> None:
        """Ask the database the next time."""
        self._epoch = None

    def commit(self, state: dict[str, Any] | None = None) -> None:
        """Fence the running transaction, renew the lease, and note how far the work has come.

        Raises:
            LeaseLost: the lease was taken over, or is not held.
        """
        if self._epoch is None:
            raise LeaseLost(f"{self.name}: not held")
        commit(self.name, self._epoch, state)

    def state(self) -> dict[str, Any]:
        """Return how far the work has come, as its last holder committed it."""
        return state(self.name)

    def release(self) -> None:
        """Give the lease back, so that another process need not wait for its end."""
        self._epoch = None
        release(self.name, self._holder)


def acquire(name: str, holder: str) -> int | None:
    """Lease `name` for `holder`, or renew it; None while another process holds it.

    Returns:
        The epoch to commit under.
    """
    known, _made = Duty.objects.get_or_create(name=name)
    look_ahead(name, known.lease_until, LEADER_LEASE)
    if is_alone() and known.holder == holder:
        return known.epoch
    mine = Duty.objects.filter(name=name, holder=holder, epoch=known.epoch)
    if known.holder == holder and mine.update(lease_until=Now() + LEADER_LEASE):
        return known.epoch
    free = Q(holder="") | is_over(LEADER_LEASE)
    if begins_alone(name):
        free = Q()  # whoever held it is gone; later it may be somebody at the command line
    taken = Duty.objects.filter(free, name=name, epoch=known.epoch).update(
        holder=holder, epoch=F("epoch") + 1, lease_until=Now() + LEADER_LEASE
    )
    return known.epoch + 1 if taken else None


def look_ahead(name: str, until: datetime | None, length: timedelta) -> None:
    """Note, and log once, that the lease of `name` goes on for longer than one can."""
    if until is None or until <= database_now() + LONGEST_LEASES * length:
        return
    if name not in found_ahead or found_ahead[name][0] != until:
        found_ahead[name] = until, time.monotonic()
        logger.warning("%s: its lease goes on until %s: a clock was ahead", name, until)


def is_over(length: timedelta) -> Q:
    """Return the filter for leases that nobody holds any more.

    A lease that goes on for longer than one can was written while the clock was ahead.

    Args:
        length: of a lease that has just been renewed.
    """
    over = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    return over | Q(lease_until__gt=Now() + LONGEST_LEASES * length)


def release(name: str, holder: str) -> None:
    """Give the lease back, so that another process need not wait for its end."""
    Duty.objects.filter(name=name, holder=holder).update(holder="", lease_until=None)


def state(name: str) -> dict[str, Any]:
    """Return how far the work has come, as its last holder committed it."""
    found = Duty.objects.filter(name=name).values_list("state", flat=True).first()
    return dict(found or {})


def commit(name: str, epoch: int, state: dict[str, Any] | None = None) -> None:
    """Fence the running transaction, renew the lease, and note how far the work has come.

    Raises:
        LeaseLost: the lease was taken over.
    """
    values: dict[str, Any] = {"lease_until": Now() + LEADER_LEASE}
    if state is not None:
        values["state"] = state
    if not Duty.objects.filter(name=name, epoch=epoch).update(**values):
        raise LeaseLost(f"{name}: epoch {epoch} is over")
