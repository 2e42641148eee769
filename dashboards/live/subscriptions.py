"""Subscriptions: what one client wants to see, and what it has not been shown yet.

A subscription keeps state, not a queue: per series the newest rows, or only the
dirty span once there are too many; so its memory is bounded by its series, and a
slow client gets every spike when credit returns, read again from the database.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dashboards.live.frames import BadFrame, Subscribe, ms, write_cursor
from devices import corrections, queries
from devices.access import Scope
from devices.changes import Cursor
from devices.live import ReadingsStored
from devices.queries import Columns, SeriesInfo

MAX_ROWS = 200
PART_POINTS = 2_500
# Reading more than this again is a new snapshot.
MAX_REREAD = 20_000


@dataclass(slots=True)
class Snapshot:
    """What a subscription shows at one moment of the database."""

    found: dict[str, list[SeriesInfo]]
    devices: dict[int, str]
    cursor: Cursor
    width: int
    columns: dict[int, Columns]
    marked: set[int]
    reloads: int


@dataclass(slots=True)
class Subscription:
    """Series or latest values; `fleet` is `FleetSubscription`."""

    wanted: Subscribe
    infos: dict[int, SeriesInfo] = field(default_factory=dict)
    index: dict[int, int] = field(default_factory=dict)
    # device pk -> key, of every device that the keys name
    devices: dict[int, str] = field(default_factory=dict)
    wild: set[int] = field(default_factory=set)
    cursor: Cursor = field(default_factory=dict)
    width: int = 0
    # True: the next frames are `ack` and a full snapshot.
    fresh: bool = True
    # Series of which something is marked: what comes may be too.
    marked: set[int] = field(default_factory=set)
    # Raised by `reload`: a snapshot that was read before is not shown as the last word.
    reloads: int = 0
    # While the snapshot is being read: the events that came, some newer than it.
    early: list[ReadingsStored] | None = None
    rows: dict[int, dict[int, queries.Value]] = field(default_factory=dict)
    dirty: dict[int, tuple[int, int]] = field(default_factory=dict)
    changed_devices: set[int] = field(default_factory=set)
    last_sent: float = 0.0

    # --- what happens -------------------------------------------------------
    def take(self, event: ReadingsStored) -> bool:
        """Merge a `readings.stored` event; return whether there is something to send."""
        if self.early is not None:
            self.early.append(event)
            return False
        if self.fresh:
            return True  # the read that is to come will see it
        if max(event["seqs"]) <= self.cursor.get(event["writer"], 0):
            return False  # the snapshot was read after that commit
        for pk, rows in event["rows"]:
            if pk in self.infos:
                self._take_rows(pk, rows)
            elif event["device"] in self.wild:
                self.fresh = True  # a metric that is new under `…/*`
        for pk, low, high in event["spans"]:
            if pk in self.infos:
                self.soil(pk, low, high)
        return self.has_news

    def _take_rows(self, pk: int, rows: list[Any]) -> None:
        if self.width or pk in self.dirty or pk in self.marked:
            self.soil(pk, min(row[0] for row in rows), max(row[0] for row in rows))
            return
        kept = self.rows.setdefault(pk, {})
        kind = self.infos[pk].kind
        kept.update((ts, queries.shown(value, text, kind)) for ts, value, text in rows)
        if self.wanted.kind == "latest":
            newest = max(kept)
            self.rows[pk] = {newest: kept[newest]}
        elif len(kept) > MAX_ROWS:
            self.soil(pk, min(kept), max(kept))

    def soil(self, pk: int, low: int, high: int) -> None:
        """Note that the span low..high of a series must be read again."""
        for ts in self.rows.pop(pk, {}):
            low, high = min(low, ts), max(high, ts)
        known = self.dirty.get(pk, (low, high))
        self.dirty[pk] = (min(known[0], low), max(known[1], high))

    @property
    def has_news(self) -> bool:
        """Return whether something has not been shown yet."""
        return bool(self.fresh or self.rows or self.dirty or self.changed_devices)

    def due(self) -> float:
        """Return when the next frame may go out: at once after a pause."""
        return self.last_sent + 1.0 / self.wanted.rate_hz

    # --- reading (on a database thread) -------------------------------------
    def read(self, scope: Scope, now_us: int, max_series: int) -> Snapshot:
        """Read everything this subscription shows, in one snapshot.

        Raises:
            BadFrame: it names more series than a socket may have.
        """
        reloads = self.reloads
        with queries.read_snapshot() as cursor:
            visible = scope.devices()
            found = self._find(scope)
            infos = {info.pk: info for group in found.values() for info in group}
            if len(infos) > max_series:
                raise BadFrame(
                    "too_many", f"{len(infos)} series, {max_series} are allowed", self.wanted.id
                )
            keys = {key.partition("/")[0] for key in found}
            devices = dict(visible.filter(key__in=keys).values_list("pk", "key"))
            marked = corrections.marked(infos)
            if self.wanted.kind == "latest":
                return Snapshot(found, devices, cursor, 0, _latest(infos), marked, reloads)
            start, end = self.span(now_us)
            width = queries.bin_width(infos.values(), start, end, self.wanted.points)
            columns = {
                pk: queries.window(info, start, end, self.wanted.points, width)
                for pk, info in infos.items()
            }
            return Snapshot(found, devices, cursor, width, columns, marked, reloads)

    def _find(self, scope: Scope) -> dict[str, list[SeriesInfo]]:
        if self.wanted.match is None:
            return queries.find_series(scope.devices(), self.wanted.keys)
        devices = _matching(scope, self.wanted.match)
        metric = self.wanted.match.get("metric", "*")
        return {
            f"{info.device_key}/{info.metric}": [info]
            for info in queries.series_of(list(devices.values_list("pk", flat=True)))
            if metric in {"*", info.metric}
        }

    def span(self, now_us: int) -> tuple[int, int]:
        """Return the span that is shown, in µs; its end lies ahead of every sane clock."""
        start = self.wanted.start * 1_000
        return int(now_us + start if start < 0 else start), now_us + 3_600 * queries.SECOND

    def begin(self, snapshot: Snapshot) -> None:
        """Take `snapshot` as what the client is about to see."""
        infos = [info for group in snapshot.found.values() for info in group]
        self.infos = {info.pk: info for info in infos}
        self.index = {pk: number for number, pk in enumerate(self.infos)}
        self.devices = snapshot.devices
        self.wild = {
            pk
            for pk, key in snapshot.devices.items()
            if self.wanted.match is not None or f"{key}/*" in self.wanted.keys
        }
        self.cursor, self.width, self.marked = snapshot.cursor, snapshot.width, snapshot.marked
        self.fresh = snapshot.reloads != self.reloads
        self.changed_devices.clear()
        self.rows.clear()
        self.dirty.clear()
        early, self.early = self.early, None
        for event in early or []:
            self.take(event)

    def reload(self) -> None:
        """Have everything read and shown anew."""
        self.reloads += 1
        self.fresh = True

    def reread(self) -> dict[int, list[list[Any]]] | None:
        """Return what the dirty spans hold now, by series; None if it is too much."""
        with queries.read_snapshot():
            return self._reread()

    def _reread(self) -> dict[int, list[list[Any]]] | None:
        dirty, self.dirty = self.dirty, {}
        found: dict[int, list[list[Any]]] = {}
        total = 0
        for pk, (low, high) in dirty.items():
            info = self.infos[pk]
            found[pk] = self._reread_one(info, low, high)
            total += len(found[pk])
            if total > MAX_REREAD:
                return None
        return found

    def _reread_one(self, info: SeriesInfo, low: int, high: int) -> list[list[Any]]:
        if self.wanted.kind == "latest":
            return [[ms(ts), value] for ts, value in queries.latest([info]).values()]
        if self.width:
            return [[ms(ts), *rest] for ts, *rest in queries.bins(info, low, high, self.width)]
        return [[ms(ts), value] for ts, value in queries.rows(info, low, high, MAX_REREAD + 1)]

    # --- frames -------------------------------------------------------------
    def ack(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return the `ack` frame."""
        return {
            "t": "ack",
            "id": self.wanted.id,
            "series": {
                str(self.index[pk]): {"key": info.key, "unit": info.unit, "kind": info.kind}
                for pk, info in self.infos.items()
            },
            "bin_ms": self.width // 1_000,
            "denied": [key for key in self.wanted.keys if key not in snapshot.found],
        }

    def snapshot_frames(
        self, snapshot: Snapshot, states: dict[str, dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """Yield the `snap` frames of a full snapshot, in parts."""
        pieces = list(_pieces(snapshot.columns)) or [{}]
        for number, piece in enumerate(pieces, 1):
            frame: dict[str, Any] = {
                "t": "snap",
                "id": self.wanted.id,
                "cursor": write_cursor(self.cursor),
                "mode": "full",
                "part": number,
                "of": len(pieces),
                "cols": {str(self.index[pk]): cols for pk, cols in piece.items()},
            }
            if number == 1:
                frame["devices"] = states
            yield frame

    def update_frame(
        self, again: dict[int, list[list[Any]]], states: dict[str, dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Return the `upd` frame of what came since the last one; None if nothing did."""
        taken, self.rows = self.rows, {}
        data: dict[str, list[Any]] = {
            str(self.index[pk]): [[ms(ts), rows[ts]] for ts in sorted(rows)]
            for pk, rows in taken.items()
        }
        for pk, points in again.items():
            data.setdefault(str(self.index[pk]), []).extend(points)
        if not data and not states:
            return None
        frame = {"t": "upd", "id": self.wanted.id, "cursor": write_cursor(self.cursor), "d": data}
        return frame | ({"devices": states} if states else {})


def _latest(infos: dict[int, SeriesInfo]) -> dict[int, Columns]:
    newest = queries.latest(infos.values())
    return {
        pk: Columns([newest[pk][0]], [newest[pk][1]]) if pk in newest else Columns() for pk in infos
    }


def _matching(scope: Scope, match: dict[str, Any]) -> Any:
    found = scope.devices().filter(pending=False, enabled=True)
    if isinstance(match.get("site"), str):
        found = found.filter(site__slug=match["site"])
    for tag in match.get("tag", []) if isinstance(match.get("tag"), list) else []:
        found = found.filter(tags__name=str(tag))
    if isinstance(match.get("type"), str):
        found = found.filter(device_type=match["type"])
    return found


def _pieces(columns: dict[int, Columns]) -> Iterator[dict[int, dict[str, list[Any]]]]:
    """Cut columns into parts of at most `PART_POINTS` points."""
    piece: dict[int, dict[str, list[Any]]] = {}
    room = PART_POINTS
    for pk, cols in columns.items():
        for number in range(max(1, math.ceil(len(cols.ts) / PART_POINTS))):
            part = slice(number * PART_POINTS, (number + 1) * PART_POINTS)
            size = len(cols.ts[part])
            if size > room and piece:
                yield piece
                piece, room = {}, PART_POINTS
            piece[pk] = _cut(cols, part)
            room -= size
            if room <= 0:
                yield piece
                piece, room = {}, PART_POINTS
    if piece:
        yield piece


def _cut(cols: Columns, part: slice) -> dict[str, list[Any]]:
    cut: dict[str, list[Any]] = {
        "ts": [ms(ts) for ts in cols.ts[part]],
        "value": list(cols.value[part]),
    }
    if cols.low or cols.high:
        cut |= {"min": cols.low[part], "max": cols.high[part]}
    return cut
