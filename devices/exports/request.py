"""What somebody wants exported, checked before a job is made of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from typing import Any

from devices import queries
from devices.access import Scope
from devices.queries import calendars
from devices.queries.calendars import BUCKETS, TooManyBuckets
from devices.timestamps import parse_moment

FORMATS = ("csv", "jsonl", "parquet")
MAX_SERIES = 100_000
# Buckets of a series: 20 years of hours.
MAX_BUCKETS = 200_000
# 9000-01-01, in µs: calendars end soon after.
LAST_US = 221_845_392_000_000_000


class BadExport(Exception):
    """Something cannot be exported as asked; `parameter` names what is wrong."""

    def __init__(self, detail: str, parameter: str) -> None:
        super().__init__(detail)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported. `bucket` empty: readings as they are stored. Times in µs."""

    series: list[int]
    devices: list[int]
    start: int
    end: int
    format: str = "csv"
    bucket: str = ""
    zone: str = "UTC"
    # For whom rights are looked at while it runs; 0: for the command line.
    user: int = 0
    keys: list[str] = field(default_factory=list)

    def options(self) -> dict[str, Any]:
        """Return it as a job keeps it."""
        return asdict(self)


def export_of(
    scope: Scope, keys: Sequence[str], start: str, end: str, *, now: int, **more: Any
) -> Export:
    """Return what is asked for.

    Args:
        scope: what the person may see.
        keys: live keys; `*` alone stands for everything that may be seen.
        start: ISO 8601 or ms; empty: the first reading there is.
        end: the same; empty: now.
        now: in µs.
        more: `format`, `bucket`, `zone` and `user` of `Export`.

    Raises:
        BadExport: names the parameter, what is wrong, and what is allowed.
    """
    series, devices = _series(scope, keys)
    since, until = _moment(start, "from", -1), _moment(end, "to", now)
    if since < 0:
        since = min(until, max(0, queries.first_of(series) or 0))
    if since > until:
        raise BadExport("from must not be later than to", "from")
    made = Export(series, devices, since, until, keys=list(keys)[:20], **more)
    if made.format not in FORMATS:
        raise BadExport(f"format must be one of {', '.join(FORMATS)}", "format")
    if made.format == "parquet" and find_spec("pyarrow") is None:
        raise BadExport(
            "Parquet needs pyarrow, which is not installed here: pip install 'iotbridge[parquet]'",
            "format",
        )
    _check_calendar(made)
    return made


def _check_calendar(made: Export) -> None:
    try:
        zone = calendars.zone_of(made.zone)
    except ValueError as error:
        raise BadExport(f"zone: {error}", "zone") from error
    if not made.bucket:
        return
    if made.bucket not in BUCKETS:
        raise BadExport(f"bucket must be one of {', '.join(BUCKETS)}, or empty", "bucket")
    try:
        calendars.edges(made.start, made.end, made.bucket, zone, MAX_BUCKETS)
    except TooManyBuckets as error:
        raise BadExport(str(error), "bucket") from error


def _moment(text: str, name: str, default: int) -> int:
    if not text:
        return default
    try:
        ts = parse_moment(text)
    except ValueError as error:
        raise BadExport(f"{name}: {error}", name) from error
    if not 0 <= ts <= LAST_US:
        raise BadExport(f"{name} must lie between the years 1970 and 9000", name)
    return ts


def _series(scope: Scope, keys: Sequence[str]) -> tuple[list[int], list[int]]:
    wanted = [key.strip() for key in keys if key.strip()]
    if not all(key.isprintable() for key in wanted):
        raise BadExport("keys: one holds characters that no key has", "keys")
    if wanted == ["*"]:
        infos = queries.series_in(scope.devices())
    else:
        found = queries.find_series(scope, wanted)
        missing = [key for key in wanted if key not in found]
        if missing:
            raise BadExport(
                f"keys: {', '.join(missing[:5])} names no series (device key/metric, or key/*)",
                "keys",
            )
        infos = sorted(
            {info for group in found.values() for info in group},
            key=lambda info: (info.device_key, info.metric),
        )
    if not infos:
        raise BadExport("keys: nothing to export: no series are named", "keys")
    if len(infos) > MAX_SERIES:
        raise BadExport(f"keys: {len(infos)} series; {MAX_SERIES} are allowed", "keys")
    return [info.pk for info in infos], sorted({info.device_id for info in infos})
