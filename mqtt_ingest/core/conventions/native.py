"""The native convention: `devices/{key}/telemetry` in JSON; see docs/reference/topics.md."""

import math
from functools import lru_cache
from typing import ClassVar, Literal, NamedTuple

from mqtt_ingest.core.errors import BadTime, Undecodable
from mqtt_ingest.core.keys import composed
from mqtt_ingest.core.limits import YEAR_2000, Limits
from mqtt_ingest.core.packets import Decoded, Packet
from mqtt_ingest.core.payloads import decode_json, decode_payload, decode_text
from mqtt_ingest.core.times import is_expired, is_like_a_date, is_sane, read_time
from mqtt_ingest.core.tolerant import Unreadable, number
from mqtt_ingest.core.topics import check_topic
from mqtt_ingest.core.values import collect

_TIME_NAMES = ("ts", "time", "timestamp")
_ABSENT = object()


class _Topic(NamedTuple):
    """What a topic of ours says."""

    native_id: str
    is_status: bool
    metric: str


@lru_cache(maxsize=131_072)
def _read_topic(topic: str, max_levels: int) -> _Topic | None:
    """Return what `topic` says, or None where it is not ours.

    Raises:
        Undecodable: MQTT forbids it, a level is empty, or it has too many of them.
    """
    levels = composed(topic).split("/")
    if levels[0] != "devices" or len(levels) < 3:
        return None
    check_topic(topic, max_levels)
    if "" in levels and levels[2] in {"telemetry", "status"}:
        raise Undecodable("bad_topic", "a level of the topic is empty")
    if levels[2] == "status" and len(levels) == 3:
        return _Topic(levels[1], is_status=True, metric="")
    if levels[2] == "telemetry":
        return _Topic(levels[1], is_status=False, metric=".".join(levels[3:]))
    return None


class Native:
    """Reads the project's own topics."""

    name: ClassVar[str] = "native"
    shared_filters: ClassVar[tuple[str, ...]] = ("devices/+/telemetry/#",)
    ordered_filters: ClassVar[tuple[str, ...]] = ("devices/+/status",)

    def decode(self, packet: Packet, limits: Limits) -> Decoded | None:
        """Return what `packet` says; None where the topic is not ours."""
        topic = _read_topic(packet.topic, limits.topic_levels)
        if topic is None:
            return None
        decoded = Decoded(topic.native_id)
        if topic.is_status:
            decoded.status = _status(decode_text(packet.payload, limits))
        elif packet.payload:  # an empty one is no reading: it clears a retained one
            _telemetry(decoded, packet, topic.metric, limits)
        return decoded


def _telemetry(decoded: Decoded, packet: Packet, metric: str, limits: Limits) -> None:
    if metric:
        text = decode_text(packet.payload, limits)
        _records(decoded, packet, [_bare(text, metric, limits)], limits)
        return
    value = decode_payload(packet.payload, limits)
    if isinstance(value, dict):
        _records(decoded, packet, [value], limits)
    elif isinstance(value, list):
        _records(decoded, packet, _objects(decoded, value), limits)
    else:
        raise Undecodable("not_an_object", "expected a JSON object or a list of objects")


def _objects(decoded: Decoded, items: list[object]) -> list[dict[str, object]]:
    records = [item for item in items if isinstance(item, dict)]
    unreadable = [item.problem for item in items if isinstance(item, Unreadable)]
    decoded.bad += [("", problem) for problem in unreadable]
    if len(records) + len(unreadable) != len(items):
        raise Undecodable("not_an_object", "every element of the list must be an object")
    return records


def _bare(text: str, metric: str, limits: Limits) -> dict[str, object]:
    """Return the object that a bare value on `…/telemetry/{metric}` stands for."""
    stripped = text.strip()
    bare = number(stripped)
    if bare is not None or stripped.lower() in limits.no_reading:
        return {metric: bare}
    try:
        value = decode_json(text)
    except Undecodable as error:
        if error.reason != "not_json" or not stripped:
            raise
        return {metric: stripped}  # not JSON: text, or a word such as ON
    if isinstance(value, dict) and "value" in value:
        return {
            **{name: value[name] for name in _TIME_NAMES if name in value},
            metric: value["value"],
        }
    if isinstance(value, dict):
        return {
            **{name: item for name, item in value.items() if name in _TIME_NAMES},
            metric: {name: item for name, item in value.items() if name not in _TIME_NAMES},
        }
    return {metric: value}


def _records(
    decoded: Decoded, packet: Packet, records: list[dict[str, object]], limits: Limits
) -> None:
    for index, record in enumerate(records):
        values, given = _split_time(record)
        own = _own_time(decoded, given, packet, limits)
        if own is None and packet.retain:
            continue  # last known, time unknown: not a reading of now
        ts = packet.received_at + index if own is None else own
        if own is not None and is_expired(ts, packet.now, limits):
            decoded.expired += 1
            continue
        before = len(decoded.samples)
        collect(decoded, values, ts, limits)
        decoded.stamped |= own is None and len(decoded.samples) > before
    if decoded.bad and not decoded.samples and not decoded.expired:
        metric, problem = decoded.bad[0]
        raise Undecodable("no_value", f"{metric}: {problem}")


def _split_time(record: dict[str, object]) -> tuple[dict[str, object], object]:
    """Return the values of `record`, which is changed, and the time it gives, or `_ABSENT`."""
    given: object = _ABSENT
    for name in _TIME_NAMES:
        if name in record and _is_time(name, record[name]):
            given = record.pop(name)
            break
    nested = record.get("values")
    if isinstance(nested, dict):
        del record["values"]
        record |= nested
    return record, given


def _is_time(name: str, value: object) -> bool:
    """`ts` always is; `time` and `timestamp` unless they are numbers before 2000, or no dates."""
    if name == "ts":
        return True
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return True
    if isinstance(value, float) and not math.isfinite(value):
        return False
    try:
        return read_time(value).ts >= YEAR_2000
    except BadTime:
        return isinstance(value, str) and is_like_a_date(value)


def _own_time(decoded: Decoded, given: object, packet: Packet, limits: Limits) -> int | None:
    """Return the device's own time in µs where the clock policy believes it."""
    if given is _ABSENT or given is None:
        return None
    zones = limits.zones
    zone = zones.get(decoded.native_id, limits.zone) if zones else limits.zone
    try:
        ts, is_local = read_time(given, zone, packet.now)
    except BadTime:
        decoded.clock_replaced += 1
        return None
    decoded.clock_difference, decoded.is_local = ts - packet.received_at, is_local
    if limits.clock == "arrival" or not is_sane(ts, packet.now):
        decoded.clock_replaced += 1
        return None
    return ts


def _status(text: str) -> Literal["", "online", "offline"]:
    word: object = text.strip()
    if isinstance(word, str) and word.startswith("{"):
        value = decode_json(word)
        word = value.get("state") if isinstance(value, dict) else None
    lowered = str(word).lower() if isinstance(word, str) else ""
    if not text.strip():
        return ""
    if lowered == "online":
        return "online"
    if lowered == "offline":
        return "offline"
    raise Undecodable("bad_status", 'expected online, offline or {"state": …}', 0)
