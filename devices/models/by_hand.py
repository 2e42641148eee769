"""What people set by hand, and what devices say about themselves: people win."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models

from devices.models.changed_columns import ChangedColumns


class ByHand(ChangedColumns):
    """Remembers which of its described fields somebody has set.

    A save that changes one of them is a person's doing, as descriptions are written past
    `save` (`devices.storage.descriptions`). What is emptied is left to descriptions again.
    """

    DESCRIBED: ClassVar[frozenset[str]] = frozenset()
    by_hand = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), editable=False
    )

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        """Note what was changed, and write it."""
        changed = self.changed_fields()
        named = self.DESCRIBED if changed is None else changed & self.DESCRIBED
        if update_fields is not None:
            named &= set(update_fields)
        if named:
            set_now = {name for name in named if getattr(self, name) not in (None, "", [])}
            self.by_hand = sorted((set(self.by_hand) - named) | set_now)
            if update_fields is not None:
                update_fields = [*update_fields, "by_hand"]
        super().save(*args, update_fields=update_fields, **options)
