"""From a batch's entries to the rows, statuses and dead letters of its transaction.

This is the hottest Python after the decoder: rows are plain tuples, sorted once, and
everything that is the same for a series is done once per run of its rows.
"""

from collections import Counter
from dataclasses import dataclass, field

from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import device_key
from mqtt_ingest.core.packets import Batch, Decoded, Entry, Row, Run, Sample
from mqtt_ingest.core.samples import fit
from mqtt_ingest.core.topics import device_level
from mqtt_ingest.storing.counters import Tally
from mqtt_ingest.storing.registry_cache import DeviceRef, Registry, SeriesRef

# (series pk, ts, number of the row, value, text): the number keeps the order of arrival
# and finds the entry.
# What a named tuple's own constructor calls, without its detour.
_new = tuple.__new__
_Raw = tuple[int, int, int, float | None, str | None]


@dataclass(slots=True)
class Dead:
    """A packet to be kept as a dead letter."""

    entry: Entry
    reason: str
    detail: str
    device_key: str = ""


@dataclass(slots=True)
class Prepared:
    """Everything a batch's transaction writes."""

    # The registry's version and generation it was begun with.
    version: int
    generation: int
    raw: list[_Raw] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    # (series pk, ts) -> the entry that brought it, for rows that turn out to conflict
    numbers: list[int] = field(default_factory=list)
    origins: list[Entry] = field(default_factory=list)
    # The series of the batch by pk.
    series: dict[int, SeriesRef] = field(default_factory=dict)
    statuses: dict[int, tuple[str, int]] = field(default_factory=dict)
    tallies: dict[int, Tally] = field(default_factory=dict)
    dead: list[Dead] = field(default_factory=list)
    stamped: list[Entry] = field(default_factory=list)
    # device pk -> packets that its rate limit refused
    throttled: dict[int, list[Entry]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    # id() of the entries that are kept as conflicts already
    conflicting: set[int] = field(default_factory=set)


def prepare(batch: Batch, registry: Registry) -> Prepared:
    """Return what `batch` writes, its rows sorted by key and distinct.

    Raises:
        KeyError: the registry has not learnt a device or series of the batch.
    """
    made = Prepared(registry.version, registry.generation)
    for entry in batch.entries:
        stage(made, entry, registry)
    finish(made)
    return made


def stage(made: Prepared, entry: Entry, registry: Registry) -> None:
    """Add what `entry` writes.

    Raises:
        KeyError: the registry has not learnt its device or a series.
    """
    if entry.decoded is None:
        made.dead.append(Dead(entry, entry.reason, _where(entry), _device_key(entry)))
        if entry.packet.qos:
            made.stamped.append(entry)
    else:
        _take(made, made.raw, entry, entry.decoded, registry)


def finish(made: Prepared) -> None:
    """Sort the rows and make them distinct; once."""
    made.raw.sort()
    _distinct(made, made.raw)


def _device_key(entry: Entry) -> str:
    """Return the device key that the topic of an undecodable packet hints at."""
    try:
        return device_key(device_level(entry.packet.topic))
    except Undecodable:
        return ""


def _where(entry: Entry) -> str:
    return entry.detail if entry.position is None else f"{entry.detail} (at {entry.position})"


def _take(
    made: Prepared, raw: list[_Raw], entry: Entry, decoded: Decoded, registry: Registry
) -> None:
    if entry.reason and entry.reason != "throttled":
        entry.reason = entry.detail = ""  # of an earlier try of this batch
    ref = registry.device(entry.source, decoded.native_id)
    if isinstance(ref, str):
        entry.reason = "refused"
        made.refused[ref] += 1
        return
    tally = made.tallies.get(ref.pk)
    if tally is None:
        tally = made.tallies[ref.pk] = Tally(stale_after_s=ref.stale_after_s, learns=ref.learns)
    packet = entry.packet
    tally.count(packet, decoded)
    if not ref.enabled:
        entry.reason = "refused"
        made.refused["disabled"] += 1
        tally.refused += 1
        return
    if (decoded.stamped or decoded.is_twice) and packet.qos:
        made.stamped.append(entry)
    if decoded.status:
        made.statuses[ref.pk] = (decoded.status, packet.received_at)
    if not packet.retain and decoded.status != "offline" and packet.received_at > tally.seen:
        tally.seen = packet.received_at
    if entry.reason == "throttled":
        made.throttled.setdefault(ref.pk, []).append(entry)
        tally.throttled += 1
        made.refused["rate"] += 1
    else:
        _take_samples(made, raw, entry, decoded.samples, ref, tally)


def _take_samples(
    made: Prepared,
    raw: list[_Raw],
    entry: Entry,
    samples: list[Sample],
    ref: DeviceRef,
    tally: Tally,
) -> None:
    number, origins, series_of, by_pk = len(raw), made.origins, ref.series, made.series
    floors = ref.floors
    for metric, ts, kind, value, text in samples:
        series = series_of.get(metric)
        if series is None:
            if not ref.full:
                raise KeyError(metric)
            tally.series_refused += 1
            made.refused["series"] += 1
            continue
        if floors is not None and ts < floors.get(series.pk, 0):
            tally.expired += 1
            made.refused["expired"] += 1
            continue
        if kind == series.kind:
            raw.append((series.pk, ts, number, value, text))
        else:
            kept, words, fits = fit(series.kind, kind, value, text)
            tally.other_kind += not fits
            raw.append((series.pk, ts, number, kept, words))
        by_pk[series.pk] = series
        origins.append(entry)
        number += 1


def _distinct(made: Prepared, raw: list[_Raw]) -> None:
    """Fill in rows and runs; of rows with one key the first stays."""
    rows, numbers, by_pk = made.rows, made.numbers, made.series
    last_series = last_ts = -1
    start = 0
    for series_id, ts, number, value, text in raw:
        if series_id != last_series:
            _close_run(made, last_series, start)
            last_series, start = series_id, len(rows)
        elif ts == last_ts:
            if (value, text) != rows[-1][2:]:
                _conflict(made, made.origins[number], by_pk[series_id])
            continue
        last_ts = ts
        rows.append(_new(Row, (series_id, ts, value, text)))
        numbers.append(number)
    _close_run(made, last_series, start)


def _close_run(made: Prepared, series_id: int, start: int) -> None:
    if series_id >= 0:
        device_id = made.series[series_id].device.pk
        made.runs.append(_new(Run, (device_id, series_id, start, len(made.rows))))


def _conflict(made: Prepared, entry: Entry, series: SeriesRef) -> None:
    """Keep a packet whose value differs from the one stored for the same time, once."""
    ref = series.device
    made.tallies[ref.pk].conflicts += 1
    if id(entry) not in made.conflicting:
        made.conflicting.add(id(entry))
        entry.reason = "conflict"
        entry.detail = f"{series.metric} has another value for the same time already"
        made.dead.append(Dead(entry, entry.reason, entry.detail, ref.key))


def keep_conflicts(made: Prepared, keys: set[tuple[int, int]]) -> None:
    """Turn rows that the database holds with another value into dead letters."""
    for row, number in zip(made.rows, made.numbers, strict=True):
        if (row.series_id, row.ts) in keys:
            _conflict(made, made.origins[number], made.series[row.series_id])


def without(made: Prepared, keys: set[tuple[int, int]]) -> tuple[list[Row], list[Run]]:
    """Return rows and runs without those in `keys`, which were stored before."""
    if not keys:
        return made.rows, made.runs
    rows: list[Row] = []
    runs: list[Run] = []
    for device_id, series_id, start, stop in made.runs:
        before = len(rows)
        rows += [row for row in made.rows[start:stop] if (series_id, row.ts) not in keys]
        if len(rows) > before:
            runs.append(Run(device_id, series_id, before, len(rows)))
    return rows, runs
