"""Healing: what the layer lost is read again, once a second, from the change log.

Each round reads where the change log is. What an earlier round found there, and no
event told of since, was lost on its way: the pages that show it read it again.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from devices import corrections, database, queries
from devices.changelog import changes
from devices.changelog.changes import Cursor, Touched
from devices.live import ReadingsStored
from devices.timings import RECONCILE_SECONDS

# Events that are not confirmed by then never were in the log.
_KEEP_SECONDS = 10 * RECONCILE_SECONDS


# (series pk, ts_min, ts_max, writer, seq)
LostSpan = tuple[int, int, int, str, int]


@dataclass(slots=True)
class Lost:
    """What no event told of.

    Args:
        spans: of series that are shown.
        others: of series that are not; whoever begins to show them just now may need them.
        corrected: series of which readings were marked, or marks undone.
        new: series that began, to the pk of their device.
    """

    spans: list[LostSpan] = field(default_factory=list)
    others: list[LostSpan] = field(default_factory=list)
    corrected: set[int] = field(default_factory=set)
    new: dict[int, int] = field(default_factory=dict)


class WentBack(Exception):
    """A standby took over, or a backup was restored."""


class Reconciler:
    """Compares the change log with the events that came."""

    def __init__(self) -> None:
        """Begin where the log will be at the first round."""
        self._position: Cursor | None = None
        self._unconfirmed: list[Touched] = []
        self._seen: dict[tuple[str, int], dict[int, float]] = {}
        # Which database this is: another one took over when it changes.
        self._incarnation = ""
        # Series with a higher pk are younger than this healer.
        self._newest_series = 0

    def saw(self, event: ReadingsStored) -> None:
        """Note that an event came, so that it need not be read again."""
        seen = self._seen.setdefault((event["writer"], event["device"]), {})
        now = time.monotonic()
        for seq in event["seqs"]:
            seen[seq] = now

    def look(self) -> tuple[Cursor, list[Touched]]:
        """Read what was committed since the last round; on a database thread.

        Raises:
            WentBack: the database is another one, or in an older state than in the last
                round: nothing that pages show need be there any more.
        """
        newest, incarnation = queries.read_cursor(), database.incarnation()
        if self._position is None:
            self._newest_series, self._incarnation = queries.newest_series(), incarnation
            return newest, []
        if incarnation != self._incarnation or changes.went_back(self._position, newest):
            raise WentBack
        position = {writer: self._position.get(writer, 0) for writer in newest}
        return newest, changes.since(position) if position != newest else []

    def step(self, newest: Cursor, found: list[Touched]) -> tuple[Cursor, list[Touched]]:
        """Take what `look` read.

        Returns:
            The position that is confirmed, once the batches beside it have been compared
            with the events that came.
        """
        confirmed = self._position or {}
        before, self._unconfirmed = self._unconfirmed, found
        position = {name: max(seq, confirmed.get(name, 0)) for name, seq in newest.items()}
        for writer in {touched.writer for touched in found}:
            ours = [touched.seq for touched in found if touched.writer == writer]
            # So many, and there is more of it in the log.
            cut_off = len(ours) >= changes.LIMIT
            position[writer] = ours[-1] if cut_off else max(ours[-1], position[writer])
        self._position = position
        return confirmed, before

    def lost(self, before: Iterable[Touched], known: dict[int, int]) -> Lost:
        """Return what of `before` no event told of; `known`: series shown, to their device."""
        lost = Lost()
        for touched in before:
            for pk, low, high in touched.spans:
                if pk > self._newest_series:
                    lost.new[pk] = 0
                span, device = (pk, low, high, touched.writer, touched.seq), known.get(pk)
                if touched.writer == corrections.WRITER:
                    lost.corrected.add(pk)
                elif device is None:
                    lost.others.append(span)
                elif touched.seq not in self._seen.get((touched.writer, device), {}):
                    lost.spans.append(span)
        self._newest_series = max(lost.new, default=self._newest_series)
        self._forget()
        return lost

    def _forget(self) -> None:
        old = time.monotonic() - _KEEP_SECONDS
        self._seen = {
            key: kept
            for key, seqs in self._seen.items()
            if (kept := {seq: at for seq, at in seqs.items() if at > old})
        }
