"""What was changed of the registry, for workers that cache it: each forgets that alone.

Each change raises `registry` on every writer row, in its own transaction: the fencing UPDATE
of every batch returns it, so that no batch commits against a registry that has been changed
under it. A row of the log says what is to be read anew. It is written while all writer rows
are locked: numbers rise in the order of commits.
"""

from collections.abc import Iterable

from devices.models import RegistryEdit
from devices.storage import change_rows

# Rows that are kept; a worker that has fallen further behind reads everything anew.
KEPT = 1_000
# Of more devices at once, everything is read anew.
MANY = 200


def record(devices: Iterable[int] = (), *, refused: bool = False, everything: bool = False) -> None:
    """Tell every worker what is not as it cached it; before the change, in its transaction.

    Batches wait from here until the transaction ends, so that none of them holds what the
    change is about to need.

    Args:
        devices: pks of devices of which something is changed that workers need.
        refused: who was refused may not be any more.
        everything: something that concerns many devices.
    """
    change_rows.registry_changed()
    known = list(devices)
    if everything or len(known) > MANY:
        known, everything = [], True
    made = RegistryEdit.objects.create(devices=known, refused=refused, everything=everything)
    RegistryEdit.objects.filter(pk__lt=made.pk - KEPT).delete()


def newest() -> int:
    """Return the number of the last change; 0: there was none."""
    return RegistryEdit.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def since(position: int) -> list[RegistryEdit]:
    """Return what was changed after the change `position`, as far as it is kept."""
    return list(RegistryEdit.objects.filter(pk__gt=position).order_by("pk"))
