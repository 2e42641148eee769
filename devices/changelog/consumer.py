"""Consumers of the change log: each sees every change once, and none is lost to any of them.

A consumer is a name with a leader lease. Its position, the sequence of each writer that it
has worked off, is committed with the lease in the transaction of its work: a step that fails
changes neither. Changes are pruned when they are old, and every registered consumer has
passed them.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models.functions import Now

from devices.background import leases
from devices.background.leases import Lease
from devices.background.services import LeasedService, Pace
from devices.changelog import changes
from devices.changelog.changes import Cursor, Touched
from devices.models import Change
from devices.timings import CHANGES_KEPT

POSITION = "position"
# Changes that are looked at in one go.
PRUNED = 5_000
_consumers: list[str] = []


def register(name: str) -> None:
    """Keep changes until consumer `name` has passed them."""
    if name not in _consumers:
        _consumers.append(name)


class Consumer:
    """One reader of the log, while its process holds the lease. Lives on one thread."""

    def __init__(self, name: str, holder: str) -> None:
        """Prepare.

        Args:
            name: of the consumer, which must be registered; its lease has that name, too.
            holder: the process' name.
        """
        self.lease = Lease(name, holder)
        self.state: dict[str, Any] = {}
        self._epoch: int | None = None

    def hold(self, first: dict[str, Any]) -> bool | None:
        """Hold the lease; None while another process does.

        Args:
            first: further state of a consumer that never ran. It begins with what is stored
                from now on.

        Returns:
            Whether this process has just taken over: what it remembers may be out of date.
        """
        epoch = self.lease.hold()
        if epoch is None:
            self._epoch = None
            return None
        if epoch == self._epoch:
            return False
        state = self.lease.state()
        if POSITION not in state:
            state = {POSITION: changes.newest(), **first}
            self.lease.commit(state)
        self.state, self._epoch = state, epoch
        return True

    def missed(self, limit: int, room: int) -> list[Touched]:
        """Return changes after the position, in order.

        Args:
            limit: of changes of each writer.
            room: of bytes of spans, more or less.
        """
        known: Cursor = self.state[POSITION]
        # New writers from their beginning on.
        return changes.since(dict.fromkeys(changes.newest(), 0) | known, limit, room)

    def after(self, found: Iterable[Touched]) -> Cursor:
        """Return the position once `found`, which was missed, is worked off."""
        known: Cursor = self.state[POSITION]
        return known | {touched.writer: touched.seq for touched in found}

    def commit(self, state: dict[str, Any]) -> None:
        """Commit `state`, with its position, in the caller's transaction.

        It counts for this object once `committed` is called.

        Raises:
            LeaseLost: another process has taken over.
        """
        self.lease.commit(state)

    def committed(self, state: dict[str, Any]) -> None:
        """Go on from `state`, whose transaction is over."""
        self.state = state

    def forget(self) -> None:
        """Begin again with what the database says."""
        self._epoch = None
        self.lease.forget()

    def release(self) -> None:
        """Let another process take over at once."""
        self._epoch = None
        self.lease.release()


def passed() -> Cursor:
    """Return up to which sequence of each writer every registered consumer has come.

    Nothing while one of them has not begun yet.
    """
    positions: list[Cursor] = []
    for name in _consumers:
        position: Cursor | None = leases.state(name).get(POSITION)
        if position is None:
            return {}
        positions.append(position)
    # A consumer that began before there were writers has passed nothing of them.
    return {
        writer: min((position.get(writer, 0) for position in positions), default=0)
        for writer in changes.newest()
    }


class Pruning(LeasedService):
    """Forgets changes after a day; pages that were away for longer read everything anew."""

    name = "change log"
    thread = "upkeep"
    pace = Pace(idle=60.0, more=0.05)

    def work(self) -> bool:
        """Remove some changes of each writer; return whether there are more."""
        gone = [_prune(writer, upto) for writer, upto in passed().items()]
        return PRUNED in gone


def _prune(writer: str, upto: int) -> int:
    """Remove the oldest changes of `writer` up to a sequence, some at a time; return how many."""
    mine = Change.objects.filter(writer=writer, seq__lte=upto)
    page = list(mine.order_by("seq").values_list("seq", flat=True)[:PRUNED])
    if not page:
        return 0
    gone, _each = mine.filter(seq__lte=page[-1], stored_at__lt=Now() - CHANGES_KEPT).delete()
    return gone
