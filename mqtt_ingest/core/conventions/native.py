"""The native convention: `devices/{key}/telemetry` in JSON; see docs/reference/topics.md."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.conventions.recognising import Evidence, Observation
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import composed
from mqtt_ingest.core.lenient_json import Unreadable, is_nan, number
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet, Sample
from mqtt_ingest.core.payloads import NOT_PLAIN, decode_json, decode_plain, decode_text
from mqtt_ingest.core.records import ABSENT, Record, is_own, is_time, take
from mqtt_ingest.core.samples import check_bad
from mqtt_ingest.core.shapes import MAX_BYTES, TIME_NAMES, shape_of
from mqtt_ingest.core.timestamps import (
    number_as_time,
)
from mqtt_ingest.core.topics import check_topic

# Longer topics are read each time: what is remembered stays bounded, whoever sends.
_REMEMBERED_TOPIC = 128
# What most topics are like; to remember those of 50,000 devices would cost memory.
_PLAIN = re.compile(r"devices/([A-Za-z0-9_.:-]{1,128})/telemetry", re.ASCII)
_OWN = re.compile(r"devices/[^/]+/telemetry(/.+)?")
_new = tuple.__new__


class _Topic(NamedTuple):
    """What a topic of ours says."""

    native_id: str
    is_status: bool
    metric: str


def _read_topic(topic: str, max_levels: int) -> _Topic | None:
    """Return what `_reading` does, remembered unless it is long."""
    if len(topic) <= _REMEMBERED_TOPIC:
        return _remembered(topic, max_levels)
    return _reading(topic, max_levels)


def _reading(topic: str, max_levels: int) -> _Topic | None:
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


_remembered = lru_cache(maxsize=65_536)(_reading)


class Native(Convention):
    """Reads the project's own topics."""

    name: ClassVar[str] = "native"
    label: ClassVar[str] = "iotbridge"
    shared_filters = ("devices/+/telemetry/#",)
    ordered_filters = ("devices/+/status",)

    @classmethod
    def recognise(cls, observed: Sequence[Observation]) -> Evidence | None:
        """Recognise telemetry of ours."""
        topics = [one.topic for one in observed if _OWN.fullmatch(one.topic)]
        return ({}, [f"topics such as {topics[0]}"]) if topics else None

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what `packet` says; None where the topic is not ours."""
        plain = _PLAIN.fullmatch(packet.topic)
        if plain is not None:
            native_id, is_status, metric = plain[1], False, ""
        else:
            topic = _read_topic(packet.topic, limits.topic_levels)
            if topic is None:
                return None
            native_id, is_status, metric = topic
        decoded = DeviceMessage(native_id)
        if is_status:
            decoded.status = _status(decode_text(packet.payload, limits))
        elif packet.payload:  # an empty one is no reading: it clears a retained one
            _telemetry(decoded, packet, metric, limits)
        return (decoded,)


def _telemetry(decoded: DeviceMessage, packet: Packet, metric: str, limits: Limits) -> None:
    if metric:
        records = [_bare(decode_text(packet.payload, limits), metric, limits)]
    else:
        value = decode_plain(packet.payload, limits)
        if type(value) is dict and _take_known(decoded, packet, value, limits):
            return
        if value is NOT_PLAIN:
            value = decode_json(decode_text(packet.payload, limits))
        records = [_split_time(decoded, item) for item in _objects(decoded, value, limits)]
    for index, record in enumerate(records):
        take(decoded, packet, index, record, limits)
    if decoded.bad and not decoded.samples and not decoded.expired:
        raise decoded.no_value()


def _take_known(
    decoded: DeviceMessage, packet: Packet, record: dict[str, object], limits: Limits
) -> bool:
    """Take the samples of an object of known shape with a believable time.

    Returns False, and takes nothing, where it has to be looked at member by member.
    """
    if len(packet.payload) > MAX_BYTES:
        return False
    shape = shape_of(record, limits.metric_length)
    if shape is None or len(shape.columns) > limits.samples:
        return False
    values: list[Any] = list(record.values())
    if shape.time is None:
        if packet.retain:
            return False
        ts, decoded.stamped = packet.received_at, True
    else:
        given = number_as_time(values.pop(shape.time))
        if given is None or not is_own(given, packet.now, limits):
            return False
        ts, decoded.clock_difference = given, given - packet.received_at
    decoded.samples = [
        _new(Sample, (metric, ts, kind, value, None))
        for (metric, kind), value in zip(shape.columns, map(float, values), strict=True)
    ]
    return True


def _objects(decoded: DeviceMessage, value: object, limits: Limits) -> list[dict[str, object]]:
    """Return the objects in a payload; what else is in a list of them is counted as bad."""
    if isinstance(value, dict):
        return [value]
    items = value if isinstance(value, list) else [value]
    records = [item for item in items if isinstance(item, dict)]
    if not records and (items or not isinstance(value, list)):
        raise Undecodable("not_an_object", "expected a JSON object or a list of objects")
    for item in items:
        if item is not None and not isinstance(item, dict):
            problem = item.problem if isinstance(item, Unreadable) else "is no object"
            decoded.bad.append(("", problem))
            check_bad(decoded, limits)
    return records


def _bare(text: str, metric: str, limits: Limits) -> Record:
    """Return what a bare value on `…/telemetry/{metric}` says."""
    stripped = text.strip()
    bare = number(stripped)
    if bare is not None or stripped.lower() in limits.no_reading:
        return Record({metric: bare})
    try:
        value = decode_json(text)
    except Undecodable as error:
        # What begins like JSON is broken; anything else is a text, or a word such as ON.
        if error.reason != "not_json" or not stripped or stripped[0] in '{["':
            raise
        return Record({metric: _scalar(stripped)})
    if not isinstance(value, dict):
        return Record({metric: value})
    name = next((name for name in TIME_NAMES if _gives_time(name, value)), None)
    given = ABSENT if name is None else value.pop(name)
    if "value" not in value:
        return Record({metric: value}, given)
    own = {metric: value.pop("value")}
    return Record({**own, **{f"{metric}.{name}": item for name, item in value.items()}}, given)


def _scalar(text: str) -> object:
    """Return a bare text: without superfluous commas a number, or none as printf writes it."""
    token = text.rstrip(", ")
    found = number(token)
    if found is not None:
        return found
    return math.nan if is_nan(token) else text


def _split_time(decoded: DeviceMessage, record: dict[str, object]) -> Record:
    """Return the values of `record`, which is changed, and the time it gives."""
    given: object = ABSENT
    for name in TIME_NAMES:
        if name in record and record[name] in (None, ""):
            del record[name]
        elif _gives_time(name, record):
            # Of several times the first counts; another one is no value either.
            found = record.pop(name)
            given = found if given is ABSENT else given
    nested = record.get("values")
    if isinstance(nested, dict):
        del record["values"]
        twice = record.keys() & nested.keys()
        decoded.bad += [(name, "two values of this packet have the same name") for name in twice]
        record |= nested
    return Record(record, given)


def _gives_time(name: str, record: dict[str, object]) -> bool:
    return name in record and _is_time(name, record[name])


def _is_time(name: str, value: object) -> bool:
    """`ts` always is; `time` and `timestamp` unless they are numbers before 2000, or no dates."""
    if name == "ts" or isinstance(value, bool) or not isinstance(value, int | float | str):
        return True
    return is_time(value)


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
