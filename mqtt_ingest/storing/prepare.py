"""From a batch's entries to the rows, statuses and dead letters of its transaction.

This is the hottest Python after the decoder: rows are plain tuples, and everything that is
the same for a series is done once per run of its rows (`devices.storage.rows`).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from devices.storage.last_known import Known
from devices.storage.rows import Numbered, Rows, distinct
from mqtt_ingest.core.descriptions import Description
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import device_key
from mqtt_ingest.core.packets import Batch, DeviceMessage, Entry, Sample
from mqtt_ingest.core.samples import BASE, fit
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
    # device pk -> what its rate limit refused
    throttled: dict[int, list[DeviceMessage]] = field(default_factory=dict)
    # What was said about devices that was not stored yet, in order, and by which source.
    described: list[tuple[DeviceRef, str, Description]] = field(default_factory=list)
    # source -> key -> what its convention remembers
    remembered: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What brokers keep without a time.
    known: list[Known] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    # id() of the entries that are kept as conflicts already
    conflicting: set[int] = field(default_factory=set)

    @property
    def leaves_more(self) -> bool:
        """Return whether something is written besides readings, statuses and arrival stamps."""
        return bool(self.dead or self.throttled or self.described or self.remembered or self.known)


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
    if entry.remembered is not None:
        made.remembered.setdefault(entry.source, {}).update(entry.remembered)
    if entry.messages is None:
        made.dead.append(Dead(entry, entry.reason, _where(entry), _device_key(entry)))
        if entry.packet.qos:
            made.stamped.append(entry)
        return
    if entry.reason and entry.reason != "throttled":
        entry.reason = entry.detail = ""  # of an earlier try of this batch
    is_stamped = False
    for message in entry.messages:
        if _take(made, entry, message, registry):
            is_stamped = True
    if is_stamped and entry.packet.qos:
        made.stamped.append(entry)
    for message in entry.known:
        _take_known(made, entry, message, registry)


def _take_known(made: Prepared, entry: Entry, message: DeviceMessage, registry: Registry) -> None:
    """Add what the broker keeps of a device that is taken in."""
    ref = registry.device(entry.source, message.native_id)
    if isinstance(ref, str) or not ref.enabled:
        return
    if message.description is not None and message.description.mark not in ref.said:
        made.described.append((ref, entry.source, message.description))
    for one in message.samples:
        text = one.text if one.value is None else None
        made.known.append(Known(ref.pk, one.metric, BASE[one.kind], one.value, text))


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


def _take(made: Prepared, entry: Entry, message: DeviceMessage, registry: Registry) -> bool:
    """Add what `message` writes; return whether its time of arrival is to be kept."""
    ref = registry.device(entry.source, message.native_id)
    if isinstance(ref, str):
        _refuse(made, entry, ref)
        return False
    packet = entry.packet
    tally = made.tallies.get(ref.pk)
    if tally is None:
        tally = made.tallies[ref.pk] = Counts(stale_after_s=ref.stale_after_s, learns=ref.learns)
    if not message.is_about:
        tally.count(packet, message)
    if not ref.enabled:
        _refuse(made, entry, "disabled")
        tally.refused += 1
        return False
    if message.description is not None and message.description.mark not in ref.said:
        made.described.append((ref, entry.source, message.description))
    if message.status:
        made.statuses[ref.pk] = (message.status, packet.received_at)
    if packet.received_at > tally.seen and not packet.retain and message.is_alive:
        tally.seen = packet.received_at
    if message.throttled:
        made.throttled.setdefault(ref.pk, []).append(message)
        tally.throttled += 1
        made.refused["rate"] += 1
    elif message.samples:
        _take_samples(made, made.raw, entry, message.samples, ref, tally)
    return message.stamped or message.is_twice


def _refuse(made: Prepared, entry: Entry, limit: str) -> None:
    """Count what `entry` says of one device as refused by `limit`."""
    made.refused[limit] += 1
    if len(entry.messages or ()) == 1:
        entry.reason = "refused"


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
