"""An export, step after step: constant memory for any size, and it goes on after any end."""

import time
from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model

from devices import queries
from devices.access import Scope, scope_of
from devices.exports.formats import Format, format_of, kind_of, written
from devices.exports.request import MAX_BUCKETS, Export
from devices.jobs.runner import JobFailed, Progress, Work
from devices.models import Job
from devices.queries import QueryTooLong, SeriesInfo, calendars
from devices.queries.aggregates import Aggregate, aggregates

# Rows and buckets that a step reads at most.
ROWS, PAGE = 10_000, 500
# Series that a step looks at: most may be empty in the span.
SERIES = 200
# What each series counts for in the progress.
SHARE = 1_000


class ExportWork(Work):
    """Reads what an `Export` names, by series and time; a position is where it goes on."""

    def __init__(self, job: Job) -> None:
        self._export = Export(**job.options)
        self._zone = calendars.zone_of(self._export.zone)
        self._format: Format = format_of(self._export.format, bucketed=bool(self._export.bucket))
        # Row groups that another process wrote cannot be gone on with.
        self._afresh = bool(job.position) and self._export.format == "parquet"
        self._position: dict[str, Any] = {} if self._afresh else job.position
        self._page = PAGE
        self._edges: list[int] = []
        if self._export.bucket:
            self._edges = calendars.edges(
                *(self._export.start, self._export.end, self._export.bucket, self._zone),
                MAX_BUCKETS,
            )

    def step(self) -> Progress:
        """Read and write the next rows.

        Raises:
            JobFailed: the person may see nothing any more.
        """
        afresh, self._afresh = self._afresh, False
        out = [] if self._position else [self._format.begin()]
        at = self._position or {"at": 0, "next": 0, "rows": 0, "withheld": 0}
        self._position, rows = self._read(dict(at), self._scope())
        out.append(rows)
        return self._progress(self._position, out, afresh=afresh)

    def _progress(self, at: dict[str, Any], out: list[bytes], *, afresh: bool) -> Progress:
        export = self._export
        finished = at["at"] >= len(export.series)
        if finished:
            out.append(self._format.end())
        share = 0 if finished else self._share(at["next"])
        withheld = f", {at['withheld']} series withheld" if at["withheld"] else ""
        return Progress(
            position=at,
            done=at["at"] * SHARE + share,
            total=len(export.series) * SHARE,
            words=f"{at['rows']} rows{withheld}",
            output=b"".join(out),
            finished=finished,
            afresh=afresh,
            result={"rows": at["rows"], "withheld": at["withheld"]},
        )

    def _share(self, place: int) -> int:
        if self._edges:
            return SHARE * place // len(self._edges)
        span = max(1, self._export.end - self._export.start)
        return max(0, min(SHARE - 1, SHARE * (place - self._export.start) // span))

    def _scope(self) -> Scope | None:
        """Return what the person may see now; None for the command line."""
        if not self._export.user:
            return None
        user = get_user_model()._default_manager.filter(pk=self._export.user).first()  # noqa: SLF001
        if user is None or not user.is_active:
            raise JobFailed("whoever asked for it is not a user any more")
        return scope_of(user)

    def _read(self, at: dict[str, Any], scope: Scope | None) -> tuple[dict[str, Any], bytes]:
        """Read rows of the next series, until there are enough for a step."""
        out: list[bytes] = []
        pks = self._export.series[at["at"] : at["at"] + SERIES]
        infos = {info.pk: info for info in queries.infos_of(pks)}
        visible = _visible(scope, infos)
        room, until = ROWS, time.monotonic() + 0.5
        for pk in pks:
            info = infos.get(pk)
            if info is None or info.device_id not in visible:
                at["withheld"] += 1
                at |= {"at": at["at"] + 1, "next": 0}
                continue
            count, data, following = self._some(info, at["next"], room)
            out.append(data)
            at["rows"] += count
            room -= count
            at |= {"next": following} if following else {"at": at["at"] + 1, "next": 0}
            if following or room <= 0 or time.monotonic() > until:
                break
        return at, b"".join(out)

    def _some(self, info: SeriesInfo, place: int, room: int) -> tuple[int, bytes, int]:
        """Return how many rows of a series, their bytes, and where it goes on (0: nowhere)."""
        if self._edges:
            return self._buckets(info, place)
        start = max(place, self._export.start)
        with queries.read_snapshot():
            points = queries.rows(info, start, self._export.end, room)
        rows = [
            (written(ts, self._zone), info.device_key, info.metric, kind_of(v), info.unit, v)
            for ts, v in points
        ]
        following = points[-1][0] + 1 if len(points) >= room else 0
        return len(rows), self._format.rows(rows), following

    def _buckets(self, info: SeriesInfo, place: int) -> tuple[int, bytes, int]:
        edges = self._edges[place : place + self._page + 1]
        now = time.time_ns() // 1_000
        try:
            with queries.read_snapshot():
                found = aggregates(info, edges, now)
        except QueryTooLong:
            # A part of the buckets takes a part of the time.
            if self._page == 1:
                raise
            self._page = max(1, self._page // 4)
            return self._buckets(info, place)
        rows = [self._bucket(info, part) for part in found if part.count]
        following = place + len(edges) - 1
        return (
            len(rows),
            self._format.rows(rows),
            following if following < len(self._edges) - 1 else 0,
        )

    def _bucket(self, info: SeriesInfo, part: Aggregate) -> Sequence[Any]:
        return (
            *(written(part.start, self._zone), written(part.end, self._zone)),
            *(info.device_key, info.metric, info.unit, part.count, part.low, part.high),
            *(part.mean, part.first, part.last, part.increase, part.seconds),
        )


def _visible(scope: Scope | None, infos: dict[int, SeriesInfo]) -> set[int]:
    """Return the devices (pks) of `infos` that may be seen now."""
    devices = {info.device_id for info in infos.values()}
    if scope is None or scope.everything:
        return devices
    return set(scope.devices().filter(pk__in=devices).values_list("pk", flat=True))
