"""A database that went back: to a standby that was behind, or to a restored backup.

What was committed last is gone, and the numbers of devices and series that were new are
given again to others. Whoever notices (a writer whose own sequence lies ahead of the
database's) notes it: every writer is fenced and reads the registry anew, elected work
begins where the database says it is, pages take everything anew, and the loss is named.
"""

import time

from django.db import transaction
from django.db.models import F, Max

from devices.changelog.changes import RESTORED
from devices.models import Change, Duty, Writer
from devices.storage import change_rows, losses

# Epochs and registry numbers that were given in what is lost are given again: these are not.
JUMP = 1_000_000


def look(name: str, epoch: int, seq: int, seen: str) -> str:
    """Look whether the database knows less of writer `name` than it does itself; then note it.

    Args:
        name: of the writer.
        epoch: under which it commits.
        seq: of its last batch.
        seen: how it noticed, for people.

    Returns:
        What was found, in words; "" where the database did not go back.
    """
    if not _is_behind(name, epoch, seq):
        return ""
    with transaction.atomic():
        # One after the other: whoever comes second finds what the first one noted.
        change_rows.raise_seq(RESTORED)
        told = _is_behind(name, epoch, seq)
        if told:
            _note(f"{name} {told}; {seen}")
        else:
            transaction.set_rollback(True)
    return told and f"{name} {told}; {seen}"


def _is_behind(name: str, epoch: int, seq: int) -> str:
    row = Writer.objects.filter(name=name).values_list("epoch", "seq").first()
    known_epoch, known_seq = row or (0, 0)
    if known_epoch > epoch or (known_epoch == epoch and known_seq >= seq):
        return ""
    if seq > known_seq:
        return f"had committed batch {seq}, the database has {known_seq}"
    return f"held the lease {epoch}, the database knows of {known_epoch}"


def _note(detail: str) -> None:
    now = time.time_ns() // 1_000
    Writer.objects.exclude(name=RESTORED).update(
        epoch=F("epoch") + JUMP, registry=F("registry") + JUMP, holder="", lease_until=None
    )
    Duty.objects.update(epoch=F("epoch") + JUMP, holder="", lease_until=None)
    newest = Change.objects.aggregate(newest=Max("stored_at"))["newest"]
    since = now if newest is None else round(newest.timestamp() * 1e6)
    losses.record("database_back", min(since, now), now, None, detail=detail)
