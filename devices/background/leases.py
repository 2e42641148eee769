"""Duties: work that one elected process does at a time.

A duty is leased by the database's clock and fenced like a slot: taking it over raises
its `epoch`, and whoever held it can commit nothing more under the old one.
"""

from datetime import timedelta
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Now

from devices.background.single_process import begins_alone, is_alone
from devices.models import Duty

LEASE = timedelta(seconds=15)


class DutyLost(Exception):
    """Another process has taken the duty over; nothing was committed."""


def acquire(name: str, holder: str) -> int | None:
    """Lease duty `name` for `holder`, or renew it; None while another process holds it.

    Returns:
        The epoch to commit under.
    """
    known, _made = Duty.objects.get_or_create(name=name)
    if is_alone() and known.holder == holder:
        return known.epoch
    mine = Duty.objects.filter(name=name, holder=holder, epoch=known.epoch)
    if known.holder == holder and mine.update(lease_until=Now() + LEASE):
        return known.epoch
    free = Q(holder="") | Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    if begins_alone(name):
        free = Q()  # whoever held it is gone; later it may be somebody at the command line
    taken = Duty.objects.filter(free, name=name, epoch=known.epoch).update(
        holder=holder, epoch=F("epoch") + 1, lease_until=Now() + LEASE
    )
    return known.epoch + 1 if taken else None


def release(name: str, holder: str) -> None:
    """Give the duty back, so that another process need not wait for the lease to end."""
    Duty.objects.filter(name=name, holder=holder).update(holder="", lease_until=None)


def state(name: str) -> dict[str, Any]:
    """Return how far the duty has come, as its last holder committed it."""
    found = Duty.objects.filter(name=name).values_list("state", flat=True).first()
    return dict(found or {})


def commit(name: str, epoch: int, state: dict[str, Any] | None = None) -> None:
    """Fence the running transaction, renew the lease, and note how far the duty has come.

    Raises:
        DutyLost: the duty was taken over.
    """
    values: dict[str, Any] = {"lease_until": Now() + LEASE}
    if state is not None:
        values["state"] = state
    if not Duty.objects.filter(name=name, epoch=epoch).update(**values):
        raise DutyLost(f"{name}: epoch {epoch} is over")
