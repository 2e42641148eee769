"""Payloads of any layout: what in them is a value, its time, its unit and its name.

Most programs write one of a few shapes, whatever their topics are:

    21.5                                            a bare value; `21.4 °C` with its unit
    {"t": 21.5, "h": 40, "ts": 1763681624}          an object, with a time of its own
    {"value": 21.5, "unit": "°C", "time": …}        one value with what belongs to it
    {"t": {"value": 21.5, "timestamp": …}}          the same, nested
    [{"name": "t", "value": 21.5}, …]               names and values in pairs
    {"values": {"t": 21.5}, "time": …}              an envelope
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from devices import units
from mqtt_ingest.core.descriptions import SeriesDescription
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.lenient_json import Unreadable, is_nan, number
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.payloads import NOT_PLAIN, decode_json, decode_plain, decode_text
from mqtt_ingest.core.records import ABSENT, Record, is_time

# In this order: the first that can be a time is it. Compared without case and signs.
TIME_KEYS = (
    *("ts", "timestamp", "time", "tst", "t", "sourcetimestamp", "servertimestamp", "timestampms"),
    *("timestampus", "timestampns", "datetime", "dateutc", "senton", "readat", "measuredat"),
    *("reportedat", "receivedat", "epoch", "unixtime", "rtc", "logotime", "eventtime", "utc"),
    *("lastseen", "sampletime", "date"),
)
VALUE_KEYS = ("value", "val", "v")
UNIT_KEYS = ("unit", "units", "uom", "unitofmeasurement", "u")
NAME_KEYS = ("name", "id", "valuetype", "metric", "key", "tag", "n", "sensor", "channel", "type")
# Beside a value they say something about it, and are no values themselves.
ABOUT_KEYS = frozenset(
    {*TIME_KEYS, *UNIT_KEYS, "q", "qc", "quality", "status", "statuscode", "ack", "lc", "from"}
    | {"user", "expire", "min", "max", "context", "desc", "description", "label", "error"}
    | {"displayname", "datatype", "dt", "metadata", "tags"}
)
# What they hold is meant; their own names say nothing.
ENVELOPES = frozenset({"values", "vals", "fields", "metrics", "measurements", "readings"})
# What something ought to be, and what it was, is not what it is.
WISHES = frozenset({"desired", "previous", "delta", "setdata", "metadata", "metas", "errors"})
_SIGNS = re.compile(r"[^a-z0-9]")
# Names that are kept as they are asked for; longer ones would fill the memory.
_SHORT = 64
MAX_LEVELS = 32


@dataclass(frozen=True, slots=True)
class Style:
    """How one source's payloads differ from what is usual.

    Args:
        time_keys: names of times, plain (in small letters, without signs), first ones first.
        ignored: names, at any level, of what is no reading; plain.
        kept: names that are readings although they are usually none; plain.
    """

    time_keys: tuple[str, ...] = TIME_KEYS
    ignored: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()


USUAL = Style()


@dataclass(slots=True)
class _Leaf:
    path: str
    value: object
    given: object
    unit: str = ""


@dataclass(slots=True)
class _Walk:
    style: Style
    limits: Limits
    leaves: list[_Leaf] = field(default_factory=list)


def plain(name: str) -> str:
    """Return `name` in small letters, without signs."""
    return _plain(name) if len(name) <= _SHORT else _SIGNS.sub("", name.lower())


@lru_cache(maxsize=4_096)
def _plain(name: str) -> str:
    return _SIGNS.sub("", name.lower())


def parse(packet: Packet, limits: Limits) -> object:
    """Return the payload of `packet`: as JSON where it is such, else its text.

    Raises:
        Undecodable: too large, not UTF-8, or broken JSON.
    """
    value = decode_plain(packet.payload, limits)
    if value is not NOT_PLAIN:
        return value
    text = decode_text(packet.payload, limits)
    stripped = text.strip()
    if stripped[:1] in {"{", "[", '"'}:
        return decode_json(text)
    bare = number(stripped)
    return text if bare is None else bare


def records(value: object, metric: str, limits: Limits, style: Style = USUAL) -> list[Record]:
    """Return what a payload says, grouped by the times that it gives.

    Args:
        value: as `parse` returns it.
        metric: the name of a bare value; before the names of others, where it is not empty.
        limits: of the source.
        style: of the source.

    Raises:
        Undecodable: it is nested too deeply, or has too many values.
    """
    walk = _Walk(style, limits)
    items = value if _is_batch(value) else [value]
    made: list[Record] = []
    assert isinstance(items, list)
    for item in items:
        walk.leaves = []
        _walk(walk, item, metric, ABSENT, 1)
        made += _grouped(walk.leaves)
    return made


def _is_batch(value: object) -> bool:
    """Return whether `value` is a list of records: objects that have names in common."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) for item in value) and not _is_pairs(value)


def _grouped(leaves: Iterable[_Leaf]) -> Iterator[Record]:
    """Yield records of what has the same time."""
    groups: dict[str, tuple[object, dict[str, object], dict[str, SeriesDescription]]] = {}
    for leaf in leaves:
        _given, values, described = groups.setdefault(repr(leaf.given), (leaf.given, {}, {}))
        values[leaf.path] = leaf.value
        if leaf.unit:
            described[leaf.path] = SeriesDescription(
                unit=units.normalised(leaf.unit), unit_as_sent=leaf.unit[: units.MAX_LENGTH]
            )
    return (Record(values, given, described) for given, values, described in groups.values())


def _walk(walk: _Walk, value: object, path: str, given: object, level: int) -> None:
    if level > MAX_LEVELS or level > walk.limits.nesting:
        raise Undecodable("too_deep", f"nested more than {walk.limits.nesting} levels")
    if isinstance(value, dict):
        _walk_object(walk, value, path, given, level)
    elif isinstance(value, list):
        _walk_list(walk, value, path, given, level)
    else:
        _add(walk, path, value, given)


def _add(walk: _Walk, path: str, value: object, given: object, unit: str = "") -> None:
    if len(walk.leaves) > walk.limits.samples:
        raise Undecodable("too_many_samples", f"more than {walk.limits.samples} values")
    if isinstance(value, str):
        value, found = _scalar(value)
        unit = unit or found
    walk.leaves.append(_Leaf(path, value, given, unit))


def _scalar(text: str) -> tuple[object, str]:
    """Return a text, or the number in it with its unit; None where it tells that there is none."""
    if is_nan(text.strip()):
        return None, ""
    measured = units.measure(text)
    if measured is None:
        return text, ""
    return number(measured[0]), measured[1]


def _walk_object(walk: _Walk, value: dict[str, Any], path: str, given: object, level: int) -> None:
    names = {plain(name): name for name in value}
    time_key = _time_key(walk.style, names, value)
    own = given if time_key is None else _time_of(value[time_key])
    if _is_one_value(names, value):
        _walk_one_value(walk, names, value, path, own, level)
        return
    for name, item in value.items():
        short = plain(name)
        if name == time_key or (short in walk.style.ignored):
            continue
        if short in WISHES and isinstance(item, dict) and short not in walk.style.kept:
            continue
        if _is_time_of_another(name, value):
            continue
        at = value.get(f"{name}_timestamp")
        when = _time_of(at) if at is not None and _may_be_time(at) else own
        below = path if short in ENVELOPES and isinstance(item, dict | list) else _join(path, name)
        _walk(walk, item, below, when, level + 1)


def _is_time_of_another(name: str, value: Mapping[str, Any]) -> bool:
    """Return whether `name` gives the time of another member."""
    base = name.removesuffix("_timestamp")
    return base != name and base in value and _may_be_time(value[name])


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def _time_key(style: Style, names: Mapping[str, str], value: Mapping[str, Any]) -> str | None:
    """Return the name under which an object gives its time; None: under none."""
    for key in style.time_keys:
        name = names.get(key)
        if name is not None and _may_be_time(value[name]):
            return name
    return None


def _may_be_time(value: object) -> bool:
    return is_time(_time_of(value))


def _time_of(value: object) -> object:
    """Return what gives a time, without what extended JSON writes around it."""
    if isinstance(value, dict) and set(value) == {"$date"}:
        return value["$date"]
    return value


def _is_one_value(names: Mapping[str, str], value: Mapping[str, Any]) -> bool:
    """Return whether an object is one value with what belongs to it."""
    key = _value_key(names)
    if key is None or isinstance(value[key], dict):
        return False
    others = set(names) - {plain(key)}
    return all(other in ABOUT_KEYS or other in NAME_KEYS for other in others) or (
        not any(isinstance(value[names[other]], int | float) for other in others - ABOUT_KEYS)
    )


def is_one_value(value: Mapping[str, Any]) -> bool:
    """Return whether an object is one value with what belongs to it, such as its time."""
    return _is_one_value({plain(name): name for name in value}, value)


def _value_key(names: Mapping[str, str]) -> str | None:
    return next((names[key] for key in VALUE_KEYS if key in names), None)


def _walk_one_value(
    walk: _Walk,
    names: Mapping[str, str],
    value: Mapping[str, Any],
    path: str,
    given: object,
    level: int,
) -> None:
    key = _value_key(names)
    assert key is not None
    unit = next((value[names[one]] for one in UNIT_KEYS if one in names), "")
    name = path or _name_of(names, value) or key
    item = value[key]
    if isinstance(item, list):
        _walk_list(walk, item, name, given, level)
    else:
        _add(walk, name, item, given, unit if isinstance(unit, str) else "")


def _name_of(names: Mapping[str, str], value: Mapping[str, Any]) -> str:
    """Return the name that an object gives itself."""
    found = [value[names[key]] for key in NAME_KEYS if key in names]
    return next((str(one) for one in found if isinstance(one, str | int) and str(one)), "")


def _is_pairs(items: list[Any]) -> bool:
    """Return whether a list holds names with values, rather than records."""
    told = set()
    for item in items:
        if not isinstance(item, dict):
            return False
        names = {plain(name): name for name in item}
        if _value_key(names) is None and "error" not in names:
            return False
        told.add(_name_of(names, item))
    return bool(items) and "" not in told and len(told) == len(items)


def _walk_list(walk: _Walk, items: list[Any], path: str, given: object, level: int) -> None:
    if _is_pairs(items):
        for item in items:
            names = {plain(name): name for name in item}
            if _value_key(names) is None:
                continue
            key = _time_key(walk.style, names, item)
            own = given if key is None else _time_of(item[key])
            at = _join(path, _name_of(names, item))
            _walk_one_value(walk, names, item, at, own, level + 1)
        return
    if len(items) > walk.limits.array_elements:
        _add(walk, path, Unreadable(f"more than {walk.limits.array_elements} elements"), given)
        return
    for index, item in enumerate(items):
        # Texts in a list are labels, not readings.
        if not isinstance(item, str):
            _walk(walk, item, _join(path, str(index)), given, level + 1)
