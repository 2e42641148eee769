"""Quarters of an hour that are being summed up, in memory. All of it may be lost."""

from collections.abc import Sequence

from devices.rollups import minute_aggregates
from devices.rollups.levels import DENSE, QUARTER_HOUR, SECOND, Span
from devices.rollups.partial_aggregate import PartialAggregate

# (series pk, start of the quarter)
Bucket = tuple[int, int]
# What comes out of order by less than this is in time.
LAG = 3 * SECOND
# The more readings the database sums up at once, the cheaper.
WORTH = 10 * SECOND
# Spans that are read in one go.
MOST = 2_000
# Quarters that are kept in memory; of more than that, those that come later are read as
# a whole when they are closed. So memory does not grow with the plant.
ROOM = 2_000


class OpenBucket:
    """What is summed up of one quarter, as a whole and by minute where it is dense."""

    def __init__(self) -> None:
        self.whole = PartialAggregate()
        self.minutes: list[tuple[int, PartialAggregate]] | None = []
        # Readings up to this time are in.
        self.upto = 0

    def join(self, minute: int, part: PartialAggregate) -> None:
        """Take in what came next within `minute`."""
        self.whole.join(part)
        if self.minutes is None:
            return
        if self.minutes and self.minutes[-1][0] == minute:
            self.minutes[-1][1].join(part)
        elif self._is_dense():
            self.minutes.append((minute, part))
        else:
            self.minutes = None

    def _is_dense(self) -> bool:
        return not self.minutes or self.minutes[-1][1].count >= DENSE

    def dense_minutes(self) -> list[tuple[int, PartialAggregate]]:
        """Return the minutes, once the quarter is whole; none where it is not dense."""
        return self.minutes if self.minutes and self._is_dense() else []


class OpenBuckets:
    """Sums up quarters while they are open, so that their readings are read once.

    Only what comes in order; a quarter that something came late for is read as a whole
    when it is closed. A quarter's first sum begins with all that is stored of it.
    """

    def __init__(self) -> None:
        self._open: dict[Bucket, OpenBucket] = {}
        self._came: dict[Bucket, tuple[int, int]] = {}
        self._left: set[Bucket] = set()

    def touch(self, bucket: Bucket, low: int, high: int) -> None:
        """Note that readings between low and high (µs, of one quarter) have come."""
        if bucket in self._came or (bucket not in self._left and len(self._came) < ROOM):
            before = self._came.get(bucket, (low, high))
            self._came[bucket] = (min(before[0], low), max(before[1], high))

    def forget(self, bucket: Bucket) -> None:
        """Leave a quarter to `close`, as a whole."""
        self._came.pop(bucket, None)
        if self._open.pop(bucket, None) is not None:
            self._left.add(bucket)

    def fold(self) -> None:
        """Sum up what has come of the quarters for which that is worth it."""
        spans: list[Span] = []
        for bucket, (low, high) in list(self._came.items()):
            quarter = self._open.get(bucket)
            start = bucket[1] if quarter is None else quarter.upto + 1
            if low < start and quarter is not None:
                self.forget(bucket)
            elif high - LAG - start >= WORTH:
                spans.append((bucket[0], start, high - LAG + 1))
                if len(spans) >= MOST:
                    break
        for pk, start, end in spans:
            bucket = pk, QUARTER_HOUR.floor(start)
            self._open.setdefault(bucket, OpenBucket()).upto = end - 1
            # Last in line for the next time.
            _low, high = self._came.pop(bucket)
            self._came[bucket] = (end, high)
        for (pk, minute), part in minute_aggregates.read(spans):
            self._open[pk, QUARTER_HOUR.floor(minute)].join(minute, part)

    def close(self, buckets: Sequence[Bucket]) -> dict[Bucket, OpenBucket]:
        """Return `buckets` whole, read from the readings as far as need be."""
        made: dict[Bucket, OpenBucket] = {}
        spans: list[Span] = []
        for bucket in buckets:
            quarter, came = self._open.pop(bucket, None), self._came.pop(bucket, None)
            late = quarter is not None and came is not None and came[0] <= quarter.upto
            if quarter is None or late or bucket in self._left:
                quarter = OpenBucket()
            made[bucket] = quarter
            spans.append(
                (bucket[0], max(bucket[1], quarter.upto + 1), bucket[1] + QUARTER_HOUR.width)
            )
        self._left.difference_update(buckets)
        for (pk, minute), part in minute_aggregates.read(spans):
            made[pk, QUARTER_HOUR.floor(minute)].join(minute, part)
        return made
