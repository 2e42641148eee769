"""Removing the readings of deleted series, in bounded steps: a background service."""

from devices.background.services import LeasedService, Pace
from devices.models import Purge
from devices.rollups.levels import LEVELS
from devices.storage import removal

STEP_ROWS = 5_000
_TABLES = (*(level.table for level in LEVELS), "devices_dirty")


class Purging(LeasedService):
    """Removes while it holds the lease, so that processes do not do the same work at once."""

    name = "purge"
    thread = "upkeep"
    pace = Pace(idle=5.0, more=0.1)

    def work(self) -> bool:
        """Remove some readings; return whether there are more."""
        return purge_step() > 0


def purge_step(rows: int = STEP_ROWS) -> int:
    """Delete at most `rows` readings of one purged series; return how many went.

    Safe to run in several processes and to break off at any moment.
    """
    purge = Purge.objects.order_by("asked_at").first()
    if purge is None:
        return 0
    gone = removal.remove_series(purge.series_id, rows, _TABLES)
    if gone < rows:
        purge.delete()
    return gone
