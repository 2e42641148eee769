"""Corrections: people mark points or spans as bad or deleted, and may take it back.

Readings stay as they are stored; every read leaves out what is marked. A correction is
a batch of the writer `edit` in the change log, so that rollups and open pages follow.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from devices.models import Correction, Series
from devices.models.accounts import AnyUser
from devices.storage import change_rows
from devices.timestamps import moment

WRITER = "edit"
UNDO = timedelta(days=7)

# SQL: whether row `r` of devices_reading counts.
_COUNTS = (
    "NOT EXISTS (SELECT 1 FROM devices_correction c WHERE c.undone_at IS NULL "
    "AND c.series_id = r.series_id AND r.ts >= c.since AND r.ts <= c.until)"
)


def kept(series_id: int) -> str:
    """Return SQL for whether row `r` of devices_reading, of this series, counts.

    While nothing of the series is marked the database finds that out once a statement.
    """
    return kept_of_column(f"{series_id:d}")


def kept_of_column(column: str) -> str:
    """Return the same where `column` holds the series; not for what people typed."""
    return (
        "(NOT EXISTS (SELECT 1 FROM devices_correction WHERE undone_at IS NULL "
        f"AND series_id = {column}) OR {_COUNTS})"
    )


def kept_of(series: Iterable[int]) -> str:
    """Return the same for rows of several series."""
    return _COUNTS if marked(series) else "TRUE"


def marked(series: Iterable[int]) -> set[int]:
    """Return those of `series` (pks) of which anything is marked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM devices_correction WHERE undone_at IS NULL LIMIT 1")
        if cursor.fetchone() is None:
            return set()
    active = Correction.objects.filter(undone_at=None, series_id__in=set(series))
    return set(active.values_list("series_id", flat=True))


class CannotCorrect(Exception):
    """The correction is refused; the text says why, `parameter` names the field."""

    def __init__(self, detail: str, parameter: str = "") -> None:
        super().__init__(detail)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Preview:
    """What a correction would mark: how many readings that count, from when to when (µs)."""

    count: int
    first: int | None
    last: int | None
    low: float | None
    high: float | None


def preview(series_id: int, since: int, until: int) -> Preview:
    """Return what a correction of since..until (µs, both included) would mark.

    It counts readings one by one: call it within `queries.read_snapshot`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(ts), max(ts), min(value), max(value) FROM devices_reading r "
            f"WHERE series_id = %s AND ts >= %s AND ts <= %s AND {kept(series_id)}",
            [series_id, since, until],
        )
        return Preview(*cursor.fetchone())


def correct(
    series_id: int,
    since: int,
    until: int,
    kind: str,
    reason: str,
    user: AnyUser,
) -> Correction:
    """Mark the readings of a span.

    Args:
        series_id: the series' pk.
        since: of the first moment, in µs since 1970 UTC.
        until: of the last moment, which is marked too.
        kind: one of `Correction.Kind`.
        reason: for those who look at it later.
        user: who does it.

    Raises:
        CannotCorrect: nothing there counts, or a field is wrong.
    """
    if since > until:
        raise CannotCorrect("from must not be later than to", "from")
    if kind not in Correction.Kind.values:
        raise CannotCorrect(f"kind must be one of {', '.join(Correction.Kind.values)}", "kind")
    if not reason.strip() or len(reason) > 500:
        raise CannotCorrect("a reason of 1 to 500 characters is needed", "reason")
    with transaction.atomic():
        if not _anything(series_id, since, until):
            raise CannotCorrect("there is no reading that counts in this span", "from")
        made = Correction.objects.create(
            series_id=series_id,
            since=since,
            until=until,
            kind=kind,
            reason=reason.strip(),
            made_by_id=user.pk if user is not None else None,
        )
        # The whole span: readings that are being stored at this moment are in it too.
        change_rows.append(WRITER, [(series_id, since, until)])
        # After the writer's lock, which retention takes too.
        _check_kept(series_id, since)
    return made


def _check_kept(series_id: int, since: int) -> None:
    kept_since = Series.objects.values_list("raw_since", flat=True).get(pk=series_id)
    if since < kept_since:
        words = moment(kept_since).isoformat(timespec="minutes")
        raise CannotCorrect(f"before {words} only sums are kept, which cannot be marked", "from")


def _anything(series_id: int, since: int, until: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM devices_reading r WHERE series_id = %s AND ts >= %s AND ts <= %s "
            f"AND {kept(series_id)} LIMIT 1",
            [series_id, since, until],
        )
        return cursor.fetchone() is not None


def undo(correction: Correction, user: AnyUser) -> None:
    """Let the readings of `correction` count again, unless others mark them too.

    Raises:
        CannotCorrect: it was undone already, or was made over `UNDO` ago.
    """
    with transaction.atomic():
        mark = Correction.objects.select_for_update().get(pk=correction.pk)
        if mark.undone_at is not None:
            raise CannotCorrect("this correction was undone already")
        if timezone.now() - mark.made_at > UNDO:
            raise CannotCorrect(f"a correction can be undone for {UNDO.days} days")
        mark.undone_at = timezone.now()
        mark.undone_by_id = user.pk if user is not None else None
        mark.save(update_fields=["undone_at", "undone_by"])
        change_rows.append(WRITER, [(mark.series_id, mark.since, mark.until)])


def may_be_undone(correction: Correction) -> bool:
    """Return whether `undo` would take it."""
    return correction.undone_at is None and timezone.now() - correction.made_at <= UNDO
