"""Aggregates over calendar buckets: hours, days, weeks, months and years of a time zone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router

from dashboards.api.auth import READERS, scope
from dashboards.api.problems import Problem
from dashboards.api.readings import MAX_POINTS, MAX_SERIES, Window, wanted_keys, window_params
from devices import queries
from devices.queries import SeriesInfo, calendars
from devices.queries.aggregates import Aggregate, aggregates
from devices.rollups.partial_aggregate import OTHER

router = Router(tags=["readings"])

MAX_BUCKETS = MAX_POINTS
# States of which an answer tells how long each held; `OTHER` stands for the rest.
MAX_STATES = 50
# 9000-01-01, in µs: calendars end soon after.
LAST_US = 221_845_392_000_000_000


@router.get("", response=dict[str, Any], auth=READERS)
def read_aggregates(
    request: HttpRequest,
    window: Query[Window],
    live_keys: Annotated[list[str], Query(..., alias="keys")],
    bucket: Literal["hour", "day", "week", "month", "year"] = "day",
    zone: str = "UTC",
) -> dict[str, Any]:
    """Sum up several series by buckets of a calendar; whole buckets that touch the span."""
    wanted = wanted_keys(live_keys)
    caller = scope(request)
    found = queries.find_series(caller, wanted)
    infos = [info for group in found.values() for info in group]
    if len(infos) > MAX_SERIES:
        raise Problem(422, f"{len(infos)} series, {MAX_SERIES} are allowed in a call", "keys")
    now = queries.now_us()
    edges = _edges(window, bucket, zone, max(1, len(infos)))
    # Whole buckets: one that began earlier would tell of what was before.
    earliest = caller.earliest(now)
    edges = [edge for edge in edges if edge >= earliest]
    with queries.read_snapshot():
        parts = [aggregates(info, edges, now) if len(edges) > 1 else [] for info in infos]
    told = [_without_before(one) for one in parts] if earliest else parts
    series = [_columns(info, one) for info, one in zip(infos, told, strict=True)]
    return {
        "bucket": bucket,
        "zone": zone,
        "start": [edge // 1_000 for edge in edges[:-1]],
        "end": [edge // 1_000 for edge in edges[1:]],
        "series": series,
        "denied": [key for key in wanted if key not in found],
    }


def _without_before(found: Sequence[Aggregate]) -> Sequence[Aggregate]:
    """Return buckets that tell nothing of the last reading before them all."""
    before = next((n for n, part in enumerate(found) if part.count), len(found)) + 1
    return [
        replace(part, increase=None, seconds={}) if n < before else part
        for n, part in enumerate(found)
    ]


def _edges(window: Window, bucket: str, zone: str, series: int) -> list[int]:
    start, end, _points = window_params(window)
    for name, ts in (("from", start), ("to", end)):
        if not 0 <= ts <= LAST_US:
            raise Problem(422, f"{name} must lie between the years 1970 and 9000", name)
    try:
        chosen = calendars.zone_of(zone)
    except ValueError as error:
        raise Problem(422, f"zone: {error}", "zone") from error
    try:
        return calendars.edges(start, end, bucket, chosen, MAX_BUCKETS // series)
    except calendars.TooManyBuckets as error:
        raise Problem(422, f"{error}, or fewer series", "bucket") from error


def _columns(info: SeriesInfo, found: Sequence[Aggregate]) -> dict[str, Any]:
    seconds = _held(found)
    queries.take_rows(len(found) * (1 + len(seconds)))
    return {
        "key": info.key,
        "metric": info.metric,
        "unit": info.unit,
        "kind": info.kind,
        "count": [part.count for part in found],
        "min": [part.low for part in found],
        "max": [part.high for part in found],
        "mean": [part.mean for part in found],
        "first": [part.first for part in found],
        "last": [part.last for part in found],
        "increase": [part.increase for part in found],
        "seconds": seconds,
    }


def _held(found: Sequence[Aggregate]) -> dict[str, list[float]]:
    """Return for each state how long it held in each bucket; beyond `MAX_STATES` all together."""
    held: Counter[str] = Counter()
    for part in found:
        held.update(part.seconds)
    held.pop(OTHER, None)
    told = {state for state, _seconds in held.most_common(MAX_STATES)}
    columns: dict[str, list[float]] = {
        state: [part.seconds.get(state, 0) for part in found] for state in sorted(told)
    }
    others = [sum(s for state, s in part.seconds.items() if state not in told) for part in found]
    return columns | ({OTHER: others} if any(others) else {})
