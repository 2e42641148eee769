"""Readings as columns: exact rows where they fit, else aligned bins."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from dashboards.api.auth import READERS, scope
from dashboards.api.problems import Problem
from dashboards.presentation import units
from devices import queries
from devices.access import Scope
from devices.queries import SeriesInfo, aggregates, bulk
from devices.registry.past_states import past_states
from devices.timestamps import parse_moment

router = Router(tags=["readings"])

MAX_POINTS = 10_000
MAX_SERIES = 500
HOUR_US = 3_600_000_000


class Window(Schema):
    """A span of time: ISO 8601 or ms since 1970; the last hour where absent."""

    start: Annotated[str, Field(alias="from")] = ""
    end: Annotated[str, Field(alias="to")] = ""
    points: Annotated[int, Field(ge=2, le=MAX_POINTS)] = 1_000


def window_params(window: Window) -> tuple[int, int, int]:
    """Return start and end in µs, and points.

    Raises:
        Problem: names the parameter that is wrong.
    """
    end = _moment(window.end, "to") if window.end else queries.now_us()
    start = _moment(window.start, "from") if window.start else end - HOUR_US
    if start > end:
        raise Problem(422, "from must not be later than to", "from")
    return start, end, window.points


def within(caller: Scope, window: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return what of a window (start and end in µs, points) the caller may look back to."""
    start, end, points = window
    if not caller.reach_s:
        return window
    now = queries.now_us()
    earliest = caller.earliest(now)
    # What lies ahead would make a bin as wide as that is far.
    return max(start, earliest), max(min(end, now), earliest), points


def _moment(text: str, name: str) -> int:
    try:
        return parse_moment(text)
    except ValueError as error:
        raise Problem(422, f"{name}: {error}", name) from error


@router.get("", response=dict[str, Any], auth=READERS)
def readings(
    request: HttpRequest,
    window: Query[Window],
    live_keys: Annotated[list[str], Query(..., alias="keys")],
) -> dict[str, Any]:
    """Read a span of several series, `keys=press-3/temperature&keys=press-4/*`."""
    wanted = wanted_keys(live_keys)
    caller = scope(request)
    found = queries.find_series(caller, wanted)
    infos = [info for group in found.values() for info in group]
    body = answer(infos, within(caller, window_params(window)), whole=caller.reach_s > 0)
    return {**body, "denied": [key for key in wanted if key not in found]}


@router.get("/at", response=dict[str, Any], auth=READERS)
def readings_at(
    request: HttpRequest,
    ts: Annotated[str, Query(max_length=100)],
    live_keys: Annotated[list[str], Query(..., alias="keys")],
) -> dict[str, Any]:
    """Read the last value of each series at a moment (ISO 8601 or ms), whenever that was read.

    `states` tells how their devices were then, by key.
    """
    moment = _moment(ts, "ts")
    wanted = wanted_keys(live_keys)
    caller = scope(request)
    found, earliest = queries.find_series(caller, wanted), caller.earliest(queries.now_us())
    infos = [info for group in found.values() for info in group]
    if len(infos) > MAX_SERIES:
        raise Problem(422, f"{len(infos)} series, {MAX_SERIES} are allowed in a call", "keys")
    heard: dict[int, int] = {}
    with queries.read_snapshot():
        values = [(info, aggregates.value_at(info, moment)) for info in infos]
        queries.take_rows(len(values))
        for info, point in values:
            if point is not None and point[0] >= earliest:
                heard[info.device_id] = max(heard.get(info.device_id, -1), point[0])
        named = {key.partition("/")[0] for key in wanted}
        # Before where one may look back to, nothing is told of devices either.
        devices = caller.devices().filter(key__in=named if moment >= earliest else ())
        states = past_states(devices, moment, heard, settings.STALE_AFTER_S, earliest)
    return {
        "ts": moment / 1_000,
        "values": [
            _value(info, *point) for info, point in values if point and point[0] >= earliest
        ],
        "states": states,
        "denied": [key for key in wanted if key not in found],
    }


def _value(info: SeriesInfo, ts: int, value: object) -> dict[str, Any]:
    told = {"key": info.key, "metric": info.metric, "unit": info.unit, "kind": info.kind}
    return {**told, "ts": ts / 1_000, "value": value, **units.told(info)}


def wanted_keys(given: Sequence[str]) -> list[str]:
    """Return the keys of a call, which may stand together with commas.

    Raises:
        Problem: there are too many.
    """
    wanted = [part.strip() for key in given for part in key.split(",") if part.strip()]
    if len(wanted) > MAX_SERIES:
        raise Problem(422, f"{len(wanted)} keys, {MAX_SERIES} are allowed in a call", "keys")
    return wanted


def answer(
    infos: Sequence[SeriesInfo], window: tuple[int, int, int], *, whole: bool = False
) -> dict[str, Any]:
    """Return the columns of each series.

    Args:
        infos: the series.
        window: start and end in µs, points.
        whole: of bins, those alone that lie in it: the first one began before.

    Raises:
        Problem: more series than one call may read.
    """
    if len(infos) > MAX_SERIES:
        raise Problem(422, f"{len(infos)} series, {MAX_SERIES} are allowed in a call", "keys")
    start, end, points = window
    with queries.read_snapshot():
        return {"series": [_columns(info, start, end, points, whole=whole) for info in infos]}


def _columns(info: SeriesInfo, start: int, end: int, points: int, *, whole: bool) -> dict[str, Any]:
    width = bulk.bin_width([info], start, end, points)
    if whole and width:
        start = -(-start // width) * width
    found = queries.window(info, start, end, points, width)
    queries.take_rows(len(found.ts))
    plain = [value if type(value) is float else None for value in found.value]
    return {
        "key": info.key,
        "metric": info.metric,
        "unit": info.unit,
        "kind": info.kind,
        "resolution_s": width / 1_000_000,
        "ts": [ts / 1_000 if ts % 1_000 else ts // 1_000 for ts in found.ts],
        "value": found.value,
        "min": found.low if width else plain,
        "max": found.high if width else plain,
        "mean": found.mean if width else plain,
        **units.told(info),
    }
