"""What a subscription shows at one moment of the database: all of it, or what a client missed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from dashboards.live.frames import BadFrame, Subscribe
from dashboards.live.resume_token import ResumeToken, shape_of
from devices import corrections, queries
from devices.access import Scope
from devices.changelog import changes
from devices.database import incarnation
from devices.monitoring import losses
from devices.queries import Columns, SeriesInfo, bulk, cadence
from devices.registry import listing

# Whoever shows newest values forgets what it has of a series that changed.
EVER = (0, 2**52)

# Spans in µs, by series pk.
Ranges = dict[int, list[tuple[int, int]]]


@dataclass(slots=True)
class Snapshot:
    """The answer to a `sub`.

    Args:
        found: the series that each key names; of keys without any, nothing.
        devices: pk to key.
        place: where a client is that has drawn it.
        columns: by series pk; where it is a patch, of what lies in `ranges` alone.
        ranges: what a patch replaces; None where all is replaced.
        marked: series of which something is marked.
        gaps: what was lost of its devices in the span.
        expiries: after how long (µs) without a reading series are stale.
        earliest: before this (µs) nothing is shown; 0: as far as there is anything.
    """

    found: dict[str, list[SeriesInfo]]
    devices: dict[int, str]
    place: ResumeToken
    columns: dict[int, Columns]
    ranges: Ranges | None
    marked: set[int]
    gaps: list[losses.Gap]
    expiries: dict[int, int]
    earliest: int = 0

    @property
    def infos(self) -> dict[int, SeriesInfo]:
        """Return the series, by pk."""
        return {info.pk: info for group in self.found.values() for info in group}


def read(
    wanted: Subscribe,
    scope: Scope,
    now_us: int,
    room: int,
    has: ResumeToken | None,
    shown: Collection[int] = (),
) -> Snapshot:
    """Read what `wanted` shows, on a database thread, in one snapshot of the database.

    Args:
        wanted: the subscription.
        scope: what the person may see.
        now_us: the time, in µs.
        room: how many series more the socket may have.
        shown: series (pks) that the socket has already; they need no room.
        has: where the client is; what it has of the same series is not sent again.

    Raises:
        BadFrame: it names more series than `room`.
    """
    with queries.read_snapshot() as cursor:
        found = _find(wanted, scope)
        infos = {info.pk: info for group in found.values() for info in group}
        new = sum(pk not in shown for pk in infos)
        if new > room:
            text = f"{new} series more, {room} more are allowed on this socket"
            raise BadFrame("too_many", text, wanted.id)
        keys = {key.partition("/")[0] for key in found}
        devices = dict(scope.devices().filter(key__in=keys).values_list("pk", "key"))
        start, end = span_of(wanted, now_us, scope.earliest(now_us))
        exact = wanted.kind == "latest"
        width = 0 if exact else bulk.bin_width(infos.values(), start, end, wanted.points)
        asked = (wanted.kind, wanted.start, wanted.points, incarnation())
        shape = shape_of(infos.values(), *asked)
        place = ResumeToken(width, shape, cursor)
        ranges = _missed(place, has, infos)
        if exact:
            columns, ranges = _newest(infos, ranges, scope.earliest(now_us))
        elif scope.reach_s and width and (first := -(-start // width) * width) > start:
            # The bin that holds the start tells of what was before.
            columns = _windows(infos, first, max(first, end), wanted.points, width)
            ranges = None
        elif ranges is None:
            columns = _windows(infos, start, end, wanted.points, width)
        else:
            ranges = {pk: _whole_bins(spans, start, end, width) for pk, spans in ranges.items()}
            columns = {
                pk: _within(infos[pk], spans, wanted.points, width) for pk, spans in ranges.items()
            }
        return Snapshot(
            found,
            devices,
            place,
            columns,
            ranges,
            marked=corrections.marked(infos),
            gaps=[] if exact else losses.gaps(devices, start),
            expiries=cadence.expiries(list(infos.values())),
            earliest=scope.earliest(now_us),
        )


def span_of(wanted: Subscribe, now_us: int, earliest: int = 0) -> tuple[int, int]:
    """Return the span that is shown, in µs; its end lies ahead of every sane clock."""
    start = wanted.start * 1_000
    begin = int(now_us + start if start < 0 else start)
    return max(begin, earliest), now_us + 3_600 * queries.SECOND


def _missed(
    place: ResumeToken, has: ResumeToken | None, infos: dict[int, SeriesInfo]
) -> Ranges | None:
    """Return what a client that is at `has` must have anew; None: everything."""
    if has is None or (has.shape, has.width) != (place.shape, place.width) or not has.is_recent():
        return None
    return changes.missed(has.cursor, place.cursor, infos)


def _newest(
    infos: dict[int, SeriesInfo], ranges: Ranges | None, since: int
) -> tuple[dict[int, Columns], Ranges | None]:
    wanted = infos if ranges is None else {pk: infos[pk] for pk in ranges}
    newest = queries.latest(wanted.values(), since)
    columns = {
        pk: Columns([newest[pk][0]], [newest[pk][1]]) if pk in newest else Columns()
        for pk in wanted
    }
    return columns, None if ranges is None else {pk: [EVER] for pk in wanted}


def _whole_bins(
    spans: list[tuple[int, int]], start: int, end: int, width: int
) -> list[tuple[int, int]]:
    """Return what of `spans` lies in the window, as whole bins that do not overlap."""
    found: list[tuple[int, int]] = []
    start -= start % max(width, 1)  # the first bin is shown whole, too
    for low, high in spans:
        first, last = max(low, start), min(high, end)
        if first > last:
            continue
        if width:
            first, last = first // width * width, last // width * width + width - 1
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _windows(
    infos: dict[int, SeriesInfo], start: int, end: int, points: int, width: int
) -> dict[int, Columns]:
    """Return the whole span of every series: exact rows where `width` is 0, else bins."""
    if width:
        return {pk: queries.window(info, start, end, points, width) for pk, info in infos.items()}
    found = bulk.rows(infos, dict.fromkeys(infos, (start, end)), points + 1)
    return {
        pk: Columns(ts=[ts for ts, _ in rows], value=[value for _, value in rows])
        for pk, rows in found.items()
    }


def _within(info: SeriesInfo, spans: list[tuple[int, int]], points: int, width: int) -> Columns:
    columns = Columns()
    for low, high in spans:
        part = queries.window(info, low, high, points, width)
        columns.ts += part.ts
        columns.value += part.value
        columns.low += part.low
        columns.high += part.high
        columns.mean += part.mean
    return columns


def _find(wanted: Subscribe, scope: Scope) -> dict[str, list[SeriesInfo]]:
    if wanted.match is None:
        return queries.find_series(scope, wanted.keys)
    devices = matching(scope, wanted.match)
    metric = wanted.match.get("metric", "*")
    return {
        info.key: [info]
        for info in queries.series_of(list(devices.values_list("pk", flat=True)))
        if metric in {"*", info.metric} and scope.shows(info.key)
    }


def matching(scope: Scope, match: dict[str, Any]) -> Any:
    found = listing.accepted(scope.devices())
    if isinstance(match.get("site"), str):
        found = listing.at_site(found, match["site"])
    for tag in match.get("tag", []):
        found = found.filter(tags__name=tag)
    if isinstance(match.get("type"), str):
        found = found.filter(device_type=match["type"])
    return found


def devices_named(wanted: Subscribe, scope: Scope) -> dict[int, str]:
    """Return the devices that `wanted` names and `scope` sees, pk to key.

    Raises:
        QueryTooLong: the database took too long to tell.
    """
    with queries.read_snapshot():
        return _devices_named(wanted, scope)


def _devices_named(wanted: Subscribe, scope: Scope) -> dict[int, str]:
    if wanted.match is not None:
        found = matching(scope, wanted.match)
    else:
        keys = {key.partition("/")[0] for key in wanted.keys}
        found = scope.devices().filter(key__in=keys)
    return dict(found.values_list("pk", "key"))
