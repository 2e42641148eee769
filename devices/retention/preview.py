"""What retention would remove, and how many bytes come back."""

from dataclasses import dataclass

from django.db import connection

from devices.retention.policies import Keep, Policies, Target, targets
from devices.rollups.levels import HOUR, LEVELS, MINUTE, QUARTER_HOUR

_PAGE, _CHUNK = 2_000, 400


@dataclass(slots=True)
class Line:
    """What one policy would remove; of readings and of the sums of each level, in rows."""

    policy: str
    keep: Keep
    series: int = 0
    readings: int = 0
    minutes: int = 0
    quarters: int = 0
    hours: int = 0
    # Of these, series that are left alone because they are new.
    spared: int = 0
    bytes: int = 0


def preview(now: int) -> list[Line]:
    """Return what a pass at `now` (µs) would remove, a line for each set of days.

    Readings are counted by their sums of an hour, so that years take a moment.
    """
    policies, lines = Policies(), dict[Keep, Line]()
    sizes, after = row_bytes(), 0
    while page := targets(policies, now, after, _PAGE):
        after = page[-1].series
        keeps = {target.series: target.keep for target in page}
        for keep in keeps.values():
            line = lines.setdefault(keep, Line(words(keep), keep))
            line.series += 1
        spared = [(t.series, t.raw_since, t.spared) for t in page if t.spared]
        for pk, _count_of in _sums(f"sum(r.count) FROM v JOIN {HOUR.table} r", spared):
            lines[keeps[pk]].spared += 1
        _count(page, keeps, lines)
    for line in lines.values():
        line.bytes = round(
            line.readings * sizes["devices_reading"]
            + line.minutes * sizes[MINUTE.table]
            + line.quarters * sizes[QUARTER_HOUR.table]
            + line.hours * sizes[HOUR.table]
        )
    return sorted(lines.values(), key=lambda line: -line.bytes)


def words(keep: Keep) -> str:
    """Return `keep` in words."""
    parts = (
        ("readings", keep.raw),
        ("minutes", keep.minutes),
        ("quarters", keep.quarters),
        ("hours", keep.hours),
    )
    told = ", ".join(f"{name} {f'{days} days' if days else 'for ever'}" for name, days in parts)
    return f"{told}{' (built in)' if keep.built_in else ''}"


def _count(page: list[Target], keeps: dict[int, Keep], lines: dict[Keep, Line]) -> None:
    for name, sql, floor in (
        ("readings", f"sum(r.count) FROM v JOIN {HOUR.table} r", "raw"),
        ("minutes", f"count(*) FROM v JOIN {MINUTE.table} r", "minutes"),
        ("quarters", f"count(*) FROM v JOIN {QUARTER_HOUR.table} r", "quarters"),
        ("hours", f"count(*) FROM v JOIN {HOUR.table} r", "hours"),
    ):
        since = "raw_since" if name == "readings" else None
        spans = [
            (t.series, getattr(t, since) if since else 0, getattr(t, floor))
            for t in page
            if getattr(t, floor)
        ]
        for pk, count in _sums(sql, spans):
            line = lines[keeps[pk]]
            setattr(line, name, getattr(line, name) + int(count))


def _sums(sql: str, spans: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(spans), _CHUNK):
            chunk = spans[start : start + _CHUNK]
            cursor.execute(
                f"WITH v(s, a, b) AS (VALUES {', '.join(['(%s, %s, %s)'] * len(chunk))}) "
                f"SELECT r.series_id, {sql} ON r.series_id = v.s AND r.bucket >= v.a "
                "AND r.bucket < v.b GROUP BY 1",
                [part for span in chunk for part in span],
            )
            found += cursor.fetchall()
    return found


def row_bytes() -> dict[str, float]:
    """Return about how many bytes a row of each table takes, with its index."""
    tables = ("devices_reading", *(level.table for level in LEVELS))
    if connection.vendor != "postgresql":
        # Measured (docs/explanation/performance.md); SQLite does not tell.
        return dict(zip(tables, (26.0, 105.0, 105.0, 105.0), strict=True))
    return {table: _measured(table) for table in tables}


def _measured(table: str) -> float:
    with connection.cursor() as asked:
        asked.execute(
            "SELECT sum(pg_total_relation_size(c.oid)), sum(c.reltuples) FROM pg_class c "
            "WHERE c.oid = %s::regclass OR c.oid IN "
            "(SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::regclass)",
            [table, table],
        )
        size, rows = asked.fetchone()
    # Before the first ANALYZE nobody knows how many rows there are.
    return float(size) / rows if rows and rows > 1_000 else 90.0
