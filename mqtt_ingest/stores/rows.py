"""From a batch's entries to the rows, statuses and dead letters of its transaction."""

from dataclasses import dataclass, field

from mqtt_ingest.core.packets import Batch, Decoded, Entry, Sample
from mqtt_ingest.registry import DeviceRef, Registry, SeriesRef
from mqtt_ingest.stores.dialect import Row


@dataclass(slots=True)
class Tally:
    """What a device sent, to be added to its counts."""

    packets: int = 0
    bad_samples: int = 0
    clock_replaced: int = 0
    expired: int = 0
    other_kind: int = 0
    conflicts: int = 0
    empty: int = 0
    refused: int = 0
    clock_difference_ms: int | None = None
    # µs of the last packet that says the device is alive
    seen: int = 0
    stale_after_s: int = 0

    def count(self, decoded: Decoded) -> None:
        """Add what one packet of the device says about itself."""
        self.packets += 1
        self.bad_samples += len(decoded.bad)
        self.clock_replaced += decoded.clock_replaced
        self.expired += decoded.expired
        self.empty += decoded.empty
        if decoded.clock_difference is not None:
            self.clock_difference_ms = decoded.clock_difference // 1_000


@dataclass(slots=True)
class Prepared:
    """Everything a batch's transaction writes."""

    rows: list[Row] = field(default_factory=list)
    # (series pk, ts) -> the entry that brought it
    origin: dict[tuple[int, int], Entry] = field(default_factory=dict)
    device_of: dict[int, DeviceRef] = field(default_factory=dict)
    statuses: dict[int, tuple[str, int]] = field(default_factory=dict)
    tallies: dict[int, Tally] = field(default_factory=dict)
    dead: list[tuple[Entry, str, str, str]] = field(default_factory=list)
    stamped: list[Entry] = field(default_factory=list)
    refused: int = 0


def prepare(batch: Batch, registry: Registry) -> Prepared:
    """Return what `batch` writes, its rows sorted by key and distinct."""
    made = Prepared()
    values: dict[tuple[int, int], tuple[float | None, str | None]] = {}
    for entry in batch.entries:
        if entry.decoded is None:
            made.dead.append((entry, entry.reason, _where(entry), ""))
        else:
            _take(made, values, entry, entry.decoded, registry)
    made.rows = [Row(sid, ts, *values[(sid, ts)]) for sid, ts in sorted(values)]
    return made


def _where(entry: Entry) -> str:
    return entry.detail if entry.position is None else f"{entry.detail} (at {entry.position})"


def _take(
    made: Prepared,
    values: dict[tuple[int, int], tuple[float | None, str | None]],
    entry: Entry,
    decoded: Decoded,
    registry: Registry,
) -> None:
    ref = registry.device(entry.source, decoded.native_id)
    if ref is None:
        entry.reason = "refused"
        made.refused += 1
        return
    tally = made.tallies.setdefault(ref.pk, Tally(stale_after_s=ref.stale_after_s))
    tally.count(decoded)
    if not ref.enabled:
        entry.reason = "refused"
        made.refused += 1
        tally.refused += 1
        return
    if decoded.stamped and entry.packet.qos:
        made.stamped.append(entry)
    _take_status(made, entry, decoded, ref)
    if not entry.packet.retain and decoded.status != "offline":
        tally.seen = max(tally.seen, entry.packet.received_at)
    for sample in decoded.samples:
        series = ref.series[sample.metric]
        key, value = (series.pk, sample.ts), _value(sample, series, tally)
        if key not in values:
            values[key] = value
            made.origin[key] = entry
            made.device_of[series.pk] = ref
        elif values[key] != value:
            _conflict(made, entry, ref, sample.metric)


def _conflict(made: Prepared, entry: Entry, ref: DeviceRef, metric: str) -> None:
    """Keep a packet whose value differs from the one stored for the same time, once."""
    made.tallies[ref.pk].conflicts += 1
    if not any(dead[0] is entry for dead in made.dead):
        entry.reason = "conflict"
        entry.detail = f"{metric} has another value for the same time already"
        made.dead.append((entry, entry.reason, entry.detail, ref.key))


def keep_conflicts(made: Prepared, keys: list[tuple[int, int]]) -> None:
    """Turn rows that the database holds with another value into dead letters."""
    names = {
        series.pk: metric
        for ref in made.device_of.values()
        for metric, series in ref.series.items()
    }
    for key in keys:
        _conflict(made, made.origin[key], made.device_of[key[0]], names[key[0]])


def _take_status(made: Prepared, entry: Entry, decoded: Decoded, ref: DeviceRef) -> None:
    if decoded.status:
        made.statuses[ref.pk] = (decoded.status, entry.packet.received_at)


def _value(sample: Sample, series: SeriesRef, tally: Tally) -> tuple[float | None, str | None]:
    """Return value and text as stored; another kind than the series' goes to text."""
    if sample.kind == series.kind:
        return sample.value, sample.text
    tally.other_kind += 1
    if sample.text is not None:
        return None, sample.text
    if sample.kind == "boolean":
        return None, "true" if sample.value else "false"
    return None, repr(sample.value)
