"""The only reads of readings: one truth for pages, API and socket.

Names imported here are the public ones (docs/howto/extend.md).
"""

from devices.queries.binning import (
    BIN_WIDTHS,
    NUMBERS,
    SHORT,
    SUM,
    Bin,
    Columns,
    bins,
    width_for,
    window,
)
from devices.queries.budget import QueryTooLong, take_rows
from devices.queries.readings import (
    clocks_ahead_us,
    count_rows,
    latest,
    newest_rows,
    now_us,
    rows,
)
from devices.queries.series import (
    IN_ORDER,
    SeriesInfo,
    devices_of,
    few_of,
    find_series,
    first_of,
    infos_of,
    newest_series,
    series_in,
    series_of,
    shown_of,
)
from devices.queries.snapshot import (
    READ_SECONDS,
    read_cursor,
    read_snapshot,
    rolled_up,
)
from devices.queries.values import SECOND, Point, Value, mean_of, shown

__all__ = [
    "BIN_WIDTHS",
    "IN_ORDER",
    "NUMBERS",
    "READ_SECONDS",
    "SECOND",
    "SHORT",
    "SUM",
    "Bin",
    "Columns",
    "Point",
    "QueryTooLong",
    "SeriesInfo",
    "Value",
    "bins",
    "clocks_ahead_us",
    "count_rows",
    "devices_of",
    "few_of",
    "find_series",
    "first_of",
    "infos_of",
    "latest",
    "mean_of",
    "newest_rows",
    "newest_series",
    "now_us",
    "read_cursor",
    "read_snapshot",
    "rolled_up",
    "rows",
    "series_in",
    "series_of",
    "shown",
    "shown_of",
    "take_rows",
    "width_for",
    "window",
]
