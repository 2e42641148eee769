"""A database that went back: to a standby that was behind, or to a restored backup.

What was committed last is gone, and the numbers of devices and series that were new are
given again to others. Whoever notices (a writer whose own sequence lies ahead of the
database's) notes it: every writer is fenced and reads the registry anew, elected work
begins where the database says it is, pages take everything anew, and the loss is named.
"""

import time

from django.db import transaction
from django.db.models import F, Max

from devices import changes, losses
from devices.models import Change, Duty, Writer

# Epochs and registry numbers that were given in what is lost are given again: these are not.
JUMP = 1_000_000


def note(detail: str) -> None:
    """Note that the database went back; `detail` says how that was seen, for people."""
    now = time.time_ns() // 1_000
    with transaction.atomic():
        changes.raise_seq(changes.RESTORED)
        Writer.objects.exclude(name=changes.RESTORED).update(
            epoch=F("epoch") + JUMP, registry=F("registry") + JUMP, holder="", lease_until=None
        )
        Duty.objects.update(epoch=F("epoch") + JUMP, holder="", lease_until=None)
        newest = Change.objects.aggregate(newest=Max("stored_at"))["newest"]
        since = now if newest is None else round(newest.timestamp() * 1e6)
        losses.record("database_back", min(since, now), now, None, detail=detail)
