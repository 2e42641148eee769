"""An event as sockets need it: decoded and encoded once, however many of them show it."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.live.frames import dumps, ms
from devices import queries
from devices.live import ReadingsStored

# Time in µs -> the row as JSON.
Rows = dict[int, str]


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """What was committed of one device.

    Args:
        device: its pk.
        writer: whose batches they were.
        seq: the last of them.
        rows: by series pk, of series that somebody shows.
        spans: (series pk, ts_min, ts_max) to be read instead.
        others: the same of series that nobody showed when it came.
    """

    device: int
    writer: str
    seq: int
    rows: list[tuple[int, Rows]]
    spans: list[tuple[int, int, int]]
    others: list[tuple[int, int, int]]


def encode(event: ReadingsStored, kinds: Mapping[int, str]) -> EncodedEvent:
    """Return `event` in that form; `kinds` has the kind of every series that somebody shows."""
    rows: list[tuple[int, Rows]] = []
    others: list[tuple[int, int, int]] = []
    for pk, found in event["rows"]:
        kind = kinds.get(pk)
        if kind is None:
            others.append((pk, min(row[0] for row in found), max(row[0] for row in found)))
        else:
            rows.append((pk, {ts: row_text(ts, value, text, kind) for ts, value, text in found}))
    spans = [(pk, low, high) for pk, low, high in event["spans"]]
    return EncodedEvent(event["device"], event["writer"], max(event["seqs"]), rows, spans, others)


def row_text(ts: int, value: float | None, text: str | None, kind: str) -> str:
    """Return a stored row as a frame has it."""
    return f"[{ms(ts)},{dumps(queries.shown(value, text, kind))}]"
