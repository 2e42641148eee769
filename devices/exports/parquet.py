"""Parquet, an extra: needs pyarrow (`pip install 'iotbridge[parquet]'`)."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_TIME = pa.timestamp("us", tz="UTC")
_READING = pa.schema(
    [
        ("time", _TIME),
        ("device", pa.string()),
        ("metric", pa.string()),
        ("kind", pa.string()),
        ("unit", pa.string()),
        ("value", pa.float64()),
        ("text", pa.string()),
    ]
)
_BUCKET = pa.schema(
    [
        *(("time", _TIME), ("end", _TIME)),
        *((name, pa.string()) for name in ("device", "metric", "unit")),
        ("count", pa.int64()),
        *((name, pa.float64()) for name in ("min", "max", "mean")),
        *((name, pa.string()) for name in ("first", "last")),
        ("increase", pa.float64()),
        ("seconds", pa.string()),
    ]
)


# Rows of a row group; the last one may have fewer.
GROUP = 10_000


class _Sink:
    """A file to write to whose bytes are taken away."""

    closed = False

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, data: bytes) -> int:
        self.written += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing to close."""

    def take(self) -> bytes:
        taken = bytes(self.written)
        self.written.clear()
        return taken


class Parquet:
    """Columns in row groups; booleans are 0 and 1, and texts have a column of their own.

    The footer needs all row groups: a job that was broken off begins anew.
    """

    def __init__(self, *, bucketed: bool) -> None:
        self._bucketed = bucketed
        self._waiting: list[Sequence[Any]] = []
        self._schema = _BUCKET if bucketed else _READING
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(pa.PythonFile(self._sink, mode="w"), self._schema)

    def begin(self) -> bytes:
        """Return the magic number."""
        return self._sink.take()

    def rows(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Return a row group, once there are rows enough for one: each is told in the footer."""
        self._waiting += [self._row(row) for row in rows]
        return self._group() if len(self._waiting) >= GROUP else b""

    def _group(self) -> bytes:
        names = self._schema.names
        columns = dict(zip(names, zip(*self._waiting, strict=True), strict=True))
        self._waiting = []
        self._writer.write_table(
            pa.table({name: list(columns[name]) for name in names}, schema=self._schema)
        )
        return self._sink.take()

    def _row(self, row: Sequence[Any]) -> Sequence[Any]:
        if self._bucketed:
            start, end, *middle, first, last, increase, seconds = row
            times = [datetime.fromisoformat(start), datetime.fromisoformat(end)]
            return [*times, *middle, _text(first), _text(last), increase, json.dumps(seconds)]
        time, *names, value = row
        if isinstance(value, str):
            return [datetime.fromisoformat(time), *names, None, value]
        return [datetime.fromisoformat(time), *names, float(value), None]

    def end(self) -> bytes:
        """Return the last rows, and the footer."""
        last = self._group() if self._waiting else b""
        self._writer.close()
        return last + self._sink.take()


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
