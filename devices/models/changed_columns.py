"""Saving what was changed, and nothing else."""

from collections.abc import Collection, Iterable
from typing import Any, Self

from django.db import models, transaction


class ChangedColumns(models.Model):
    """Writes the columns that were changed since the row was read.

    Two people who change different things of one row at the same time both have their way,
    and what a worker has written meanwhile stays. A save is one transaction together with
    what its signals do; where nothing was changed it does nothing.
    """

    # What was read, by the names of columns; None of a row that is new.
    _read: dict[str, Any] | None = None

    class Meta:
        abstract = True

    @classmethod
    def from_db(
        cls,
        db: str | None,
        field_names: Collection[str],
        values: Collection[Any],
        **options: Any,
    ) -> Self:
        """Remember what was read."""
        made = super().from_db(db, field_names, values, **options)
        made._remember()  # noqa: SLF001 - our own
        return made

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: Any = None,
    ) -> None:
        """Remember what was read: `fields`, or all."""
        super().refresh_from_db(using, fields, from_queryset)
        self._remember(fields)

    def _remember(self, names: Iterable[str] | None = None) -> None:
        given = self.__dict__ if names is None else {n: self.__dict__.get(n) for n in names}
        # Lists could be changed in place.
        read = {n: list(value) if isinstance(value, list) else value for n, value in given.items()}
        self._read = read if names is None else {**(self._read or {}), **read}

    def changed_fields(self) -> set[str] | None:
        """Return the names of the fields that were changed; None: the row is new."""
        before = self._read
        if before is None or self._state.adding:
            return None
        missing = object()
        return {
            field.name
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__
            and before.get(field.attname, missing) != self.__dict__[field.attname]
        }

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        """Write what was changed."""
        if update_fields is None and not args and not any(options.values()):
            update_fields = self.changed_fields()
            if update_fields is not None and not update_fields:
                return
        with transaction.atomic():
            super().save(*args, update_fields=update_fields, **options)
        self._remember()
