"""From a batch's entries to the rows, statuses and dead letters of its transaction.

This is the hottest Python after the decoder: rows are plain tuples, and everything that is
the same for a series is done once per run of its rows (`devices.storage.rows`).
"""

from collections import Counter
from dataclasses import dataclass, field

from devices.storage.rows import Numbered, Rows, distinct
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import device_key
from mqtt_ingest.core.packets import Batch, Decoded, Entry, Sample
from mqtt_ingest.core.samples import fit
from mqtt_ingest.core.topics import device_level
from mqtt_ingest.storing.counters import Counts
from mqtt_ingest.storing.device_refs import DeviceRef, SeriesRef
from mqtt_ingest.storing.registry_cache import Registry


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

    # The registry's generation and turn it was begun with.
    generation: int
    turn: int
    # Its rows are sorted and distinct.
    is_finished: bool = False
    raw: list[Numbered] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    # The entry that brought each of `raw`, by its number.
    origins: list[Entry] = field(default_factory=list)
    # The series of the batch by pk.
    series: dict[int, SeriesRef] = field(default_factory=dict)
    statuses: dict[int, tuple[str, int]] = field(default_factory=dict)
    tallies: dict[int, Counts] = field(default_factory=dict)
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
    made = Prepared(registry.generation, registry.turn)
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
    if made.is_finished:
        return
    made.is_finished = True
    devices = {pk: series.device.pk for pk, series in made.series.items()}
    made.rows = distinct(made.raw, devices, lambda number, pk: _conflict(made, number, pk))


def _device_key(entry: Entry) -> str:
    """Return the device key that the topic of an undecodable packet hints at."""
    try:
        return device_key(device_level(entry.packet.topic))
    except Undecodable:
        return ""


def _where(entry: Entry) -> str:
    return entry.detail if entry.position is None else f"{entry.detail} (at {entry.position})"


def _take(
    made: Prepared, raw: list[Numbered], entry: Entry, decoded: Decoded, registry: Registry
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
        tally = made.tallies[ref.pk] = Counts(stale_after_s=ref.stale_after_s, learns=ref.learns)
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
    raw: list[Numbered],
    entry: Entry,
    samples: list[Sample],
    ref: DeviceRef,
    tally: Counts,
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


def _conflict(made: Prepared, number: int, series_id: int) -> None:
    """Keep a packet whose value differs from the one stored for the same time, once."""
    entry, series = made.origins[number], made.series[series_id]
    ref = series.device
    made.tallies[ref.pk].conflicts += 1
    if id(entry) not in made.conflicting:
        made.conflicting.add(id(entry))
        entry.reason = "conflict"
        entry.detail = f"{series.metric} has another value for the same time already"
        made.dead.append(Dead(entry, entry.reason, entry.detail, ref.key))


def keep_conflicts(made: Prepared, keys: set[tuple[int, int]]) -> None:
    """Turn rows that the database holds with another value into dead letters."""
    for number, series_id in made.rows.numbers_of(keys):
        _conflict(made, number, series_id)
