"""Subscriptions: what one client wants to see, and what it has not been shown yet.

A subscription keeps state, not a queue: per series the newest rows, or only the
invalidated span once there are too many; so its memory is bounded by its series, and a
slow client gets every spike when credit returns, read again from the database.

| state | `needs_snapshot` | `buffered` | an event is | a loss on the layer is |
|---|---|---|---|---|
| snapshot pending | True | None | dropped: the read that comes sees it | dropped, too |
| buffering: a snapshot is read | True | a list | kept in `buffered` | kept in `buffered_lost` |
| live | False | None | merged into `rows`, or `invalidated` | `invalidated` |
| repairing: `invalidated` holds spans | False | None | merged, or widens a span | widens a span |

| from | by | to |
|---|---|---|
| (new) | `sub` | snapshot pending |
| snapshot pending | `begin_buffering` | buffering |
| buffering | `begin`, nothing was reloaded meanwhile | live, after what was buffered |
| buffering | `begin`, but `reload` came meanwhile | snapshot pending, once more |
| buffering | the read failed | snapshot pending, after `backoff_s` |
| live | more rows than `MAX_ROWS` or `MAX_HELD`, bins, marks, a loss | repairing |
| repairing | `read_again` | live |
| repairing | `read_again` finds more than `MAX_REREAD` | snapshot pending |
| any | `reload`: rights, a new series under `…/*`, an older database | snapshot pending |
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.live.encoded_events import EncodedEvent, Rows
from dashboards.live.frames import Subscribe, dumps, ms
from dashboards.live.reconciliation import Lost, LostSpan
from dashboards.live.resume_token import ResumeToken
from dashboards.live.snapshots import Snapshot
from dashboards.presentation import units
from devices import queries
from devices.changelog.changes import Cursor
from devices.monitoring.losses import Gap
from devices.queries import SeriesInfo, bulk

# Rows that wait: of one series, and of all together. More are read again instead.
MAX_ROWS = 200
MAX_HELD = 500
# Reading more than this again is a new snapshot.
MAX_REREAD = 20_000


@dataclass(slots=True)
class Subscription:
    """Series or latest values."""

    wanted: Subscribe
    # What the client has been sent, whole: a snapshot brings what came after.
    has: ResumeToken | None = None
    # What was read for it last; while a snapshot is being sent, ahead of `has`.
    place: ResumeToken | None = None
    infos: dict[int, SeriesInfo] = field(default_factory=dict)
    index: dict[int, int] = field(default_factory=dict)
    # device pk -> key, of every device that the keys name
    devices: dict[int, str] = field(default_factory=dict)
    wildcards: set[int] = field(default_factory=set)
    # True: the next frames are `ack` and a snapshot.
    needs_snapshot: bool = True
    # Series of which something is marked: what comes may be too.
    marked: set[int] = field(default_factory=set)
    # Before this (µs) nothing is shown, however late it comes.
    earliest: int = 0
    # Raised by `reload`: a snapshot that was read before is not shown as the last word.
    reloads: int = 0
    # What the client has may not be there any more: it is sent everything.
    anew: bool = False
    # While the snapshot is being read: the events that came, some newer than it.
    buffered: list[EncodedEvent] | None = None
    buffered_lost: list[LostSpan] = field(default_factory=list)
    rows: dict[int, Rows] = field(default_factory=dict)
    # How many there are in `rows`.
    held: int = 0
    invalidated: dict[int, tuple[int, int]] = field(default_factory=dict)
    changed_devices: set[int] = field(default_factory=set)
    # What was lost: what the client knows of, and what it does not yet.
    sent_gaps: set[Gap] = field(default_factory=set)
    unsent_gaps: set[Gap] = field(default_factory=set)
    last_sent: float = 0.0
    # How long to wait after a read that took too long, in s; doubled each time.
    backoff_s: float = 5.0
    # What the cursor was made of last: it changes once a second.
    _advanced: Cursor | None = None
    _cursor: str = ""

    # --- what happens -------------------------------------------------------
    def take(self, event: EncodedEvent) -> bool:
        """Merge what was committed; return whether there is something to send."""
        if self.buffered is not None:
            self.buffered.append(event)
            return False
        if self.needs_snapshot:
            return True  # the read that is to come will see it
        if self.knows(event.writer, event.seq):
            return False
        for pk, rows in event.rows:
            if pk in self.infos:
                self._take_rows(pk, rows)
        for pk, low, high in (*event.spans, *event.others):
            if pk in self.infos:
                self.invalidate(pk, low, high)
        if event.device in self.wildcards:
            named = (pk for pk, *_rest in (*event.rows, *event.others))
            self.needs_snapshot = any(pk not in self.infos for pk in named)  # new under `…/*`
        return self.has_news

    def knows(self, writer: str, seq: int) -> bool:
        """Return whether what was read for the client was read after that batch."""
        return self.place is not None and seq <= self.place.cursor.get(writer, 0)

    def _take_rows(self, pk: int, rows: Rows) -> None:
        if self.earliest:
            rows = {ts: row for ts, row in rows.items() if ts >= self.earliest}
            if not rows:
                return
        if self.width or pk in self.invalidated or pk in self.marked:
            self.invalidate(pk, min(rows), max(rows))
            return
        kept = self.rows.setdefault(pk, {})
        before = len(kept)
        kept.update(rows)
        if self.wanted.kind == "latest":
            newest = max(kept)
            self.rows[pk] = {newest: kept[newest]}
            return
        self.held += len(kept) - before
        if len(kept) > MAX_ROWS or self.held > MAX_HELD:
            self.invalidate(pk, min(kept), max(kept))

    def invalidate(self, pk: int, low: int, high: int) -> None:
        """Note that the span low..high of a series must be read again."""
        if high < self.earliest:
            return
        low = max(low, self.earliest)
        gone = self.rows.pop(pk, {})
        if self.wanted.kind != "latest":
            self.held -= len(gone)
        for ts in gone:
            low, high = min(low, ts), max(high, ts)
        known = self.invalidated.get(pk, (low, high))
        self.invalidated[pk] = (min(known[0], low), max(known[1], high))

    @property
    def has_news(self) -> bool:
        """Return whether something has not been shown yet."""
        return bool(
            self.needs_snapshot
            or self.rows
            or self.invalidated
            or self.changed_devices
            or self.unsent_gaps
        )

    @property
    def width(self) -> int:
        """Return the width of the bins that are shown, in µs; 0: exact rows."""
        return 0 if self.place is None else self.place.width

    def due(self, interval: float = 0.0) -> float:
        """Return when the next frame may go out: at once after a pause.

        Args:
            interval: between frames at least, in s; see `dashboards.live.frame_pace`.
        """
        return self.last_sent + max(1.0 / self.wanted.rate_hz, interval)

    def repair(self, lost: Lost) -> None:
        """Have read again what no event told of; what comes too early is kept until `begin`."""
        if not lost.corrected.isdisjoint(self.infos):
            self.reload()
        if self.buffered is not None:
            self.buffered_lost += [*lost.spans, *lost.others]
            if lost.corrected:
                self.reload()
        else:
            self._repair(lost.spans)

    def _repair(self, spans: Iterable[LostSpan]) -> None:
        for pk, low, high, writer, seq in spans:
            if pk in self.infos and not self.knows(writer, seq):
                self.invalidate(pk, low, high)

    def begin_buffering(self) -> None:
        """Begin to keep what comes while a snapshot is being read."""
        self.buffered, self.buffered_lost = [], []

    def note_gaps(self, gaps: Iterable[Gap]) -> None:
        """Take spans that were lost, of whatever devices."""
        if self.wanted.kind == "series":
            ours = {gap for gap in gaps if gap.device is None or gap.device in self.devices}
            self.unsent_gaps |= ours - self.sent_gaps

    def reload(self) -> None:
        """Have what the client missed read and shown, even if that is being done."""
        self.reloads += 1
        self.needs_snapshot = True

    # --- snapshots ----------------------------------------------------------
    def begin(self, snapshot: Snapshot, *, last: bool) -> None:
        """Take `snapshot` as what the client is about to see.

        Args:
            snapshot: it.
            last: nothing was reloaded while it was read.
        """
        self.infos = snapshot.infos
        self.index = {pk: number for number, pk in enumerate(self.infos)}
        self.devices = snapshot.devices
        self.wildcards = {
            pk
            for pk, key in snapshot.devices.items()
            if self.wanted.match is not None or f"{key}/*" in self.wanted.keys
        }
        self.place, self._advanced = snapshot.place, None
        self.marked, self.earliest = snapshot.marked, snapshot.earliest
        self.needs_snapshot = not last
        self.changed_devices.clear()
        self.rows.clear()
        self.held = 0
        self.invalidated.clear()
        self.sent_gaps, self.unsent_gaps = set(), set()
        self.note_gaps(snapshot.gaps)
        buffered, self.buffered = self.buffered, None
        for event in buffered or []:
            self.take(event)
        self._repair(self.buffered_lost)
        self.buffered_lost = []

    def sent(self) -> None:
        """Note that all of the snapshot has been sent."""
        self.has = self.place

    def ack(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return the `ack` frame."""
        return {
            "t": "ack",
            "id": self.wanted.id,
            "series": {
                str(self.index[pk]): {
                    **{"key": info.key, "unit": info.unit, "kind": info.kind},
                    "expire_ms": snapshot.expiries.get(pk, 0) // 1_000,
                    **units.told(info),
                }
                for pk, info in self.infos.items()
            },
            "bin_ms": self.width // 1_000,
            "denied": [key for key in self.wanted.keys if key not in snapshot.found],
        }

    def reached(self, states: Mapping[str, Any]) -> dict[str, Any]:
        """Return states of devices as they are told: since no earlier than one may look back to."""
        if not self.earliest:
            return dict(states)
        first = self.earliest // 1_000
        return {
            key: {**state, "since": state["since"] and max(state["since"], first)}
            for key, state in states.items()
        }

    # --- updates ------------------------------------------------------------
    def read_again(self) -> dict[int, list[list[Any]]] | None:
        """Return what the dirty spans hold now, by series; None if it is too much."""
        with queries.read_snapshot():
            return self._reread()

    def _reread(self) -> dict[int, list[list[Any]]] | None:
        invalidated, self.invalidated = self.invalidated, {}
        found: dict[int, list[Any]]
        if self.wanted.kind == "latest":
            newest = queries.latest((self.infos[pk] for pk in invalidated), self.earliest)
            found = {pk: [newest[pk]] if pk in newest else [] for pk in invalidated}
        elif self.width:
            found = dict(bulk.bins(self.infos, invalidated, self.width, MAX_REREAD + 1))
        else:
            found = dict(bulk.rows(self.infos, invalidated, MAX_REREAD + 1, MAX_REREAD + 1))
        if self.earliest:
            first = self.earliest
            found = {pk: [one for one in rows if one[0] >= first] for pk, rows in found.items()}
        if sum(map(len, found.values())) > MAX_REREAD:
            return None
        return {pk: [[ms(ts), *rest] for ts, *rest in points] for pk, points in found.items()}

    def update_frame(
        self, again: dict[int, list[list[Any]]], states: dict[str, Any], confirmed: Cursor
    ) -> str | None:
        """Return the `upd` frame of what came since the last one, without its end; None: nothing.

        Args:
            again: what was read again, by series.
            states: of devices that changed theirs, by key.
            confirmed: batches that had come here before anything was taken for this frame.
        """
        taken, self.rows, self.held = self.rows, {}, 0
        data = {pk: _in_order(rows) for pk, rows in taken.items()}
        for pk, points in again.items():
            data[pk] = ",".join(filter(None, [data.get(pk), dumps(points)[1:-1]]))
        if not data and not states:
            return None
        body = ",".join(f'"{self.index[pk]}":[{rows}]' for pk, rows in data.items())
        devices = f',"devices":{dumps(states)}' if states else ""
        cursor = dumps(self._advance(confirmed))
        return f'{{"t":"upd","id":{self.wanted.id},"cursor":{cursor},"d":{{{body}}}{devices}'

    def gap_frames(self) -> Iterator[dict[str, Any]]:
        """Yield a `gap` frame for each loss that the client does not know of."""
        new, self.unsent_gaps = self.unsent_gaps, set()
        self.sent_gaps |= new
        for gap in sorted(new, key=lambda gap: gap.since):
            keys = [
                self.index[pk]
                for pk, info in self.infos.items()
                if gap.device in {None, info.device_id}
            ]
            span = {"from": ms(max(gap.since, self.earliest)), "to": ms(gap.until), "why": gap.why}
            yield {"t": "gap", "id": self.wanted.id, "keys": keys, **span}

    def _advance(self, confirmed: Cursor) -> str:
        """Return the cursor of a client that has drawn all there is now."""
        assert self.place is not None
        if confirmed is not self._advanced:
            self._advanced, known = confirmed, self.place.cursor
            newer = {name: max(seq, known.get(name, 0)) for name, seq in confirmed.items()}
            self.has = self.place = ResumeToken(self.place.width, self.place.shape, known | newer)
            self._cursor = str(self.place)
        return self._cursor or str(self.place)


def _in_order(rows: Rows) -> str:
    """Return rows as JSON, joined in the order of their times; most often there is one."""
    if len(rows) == 1:
        return next(iter(rows.values()))
    return ",".join(rows[ts] for ts in sorted(rows))
