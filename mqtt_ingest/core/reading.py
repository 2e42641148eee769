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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from devices import units
from mqtt_ingest.core.descriptions import SeriesDescription
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.lenient_json import Unreadable, is_nan, number
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.payloads import NOT_PLAIN, decode_json, decode_plain, decode_text
from mqtt_ingest.core.records import ABSENT, Record, as_time

# In this order: the first that can be a time is it. Compared without case and signs.
TIME_KEYS = (
    *("ts", "timestamp", "time", "tst", "t", "sourcetimestamp", "servertimestamp", "timestampms"),
    *("timestampus", "timestampns", "datetime", "dateutc", "senton", "readat", "measuredat"),
    *("reportedat", "receivedat", "epoch", "unixtime", "rtc", "logotime", "eventtime", "utc"),
    *("lastseen", "sampletime", "date"),
)
VALUE_KEYS = ("value", "val", "v")
_VALUE_NAMES = frozenset(VALUE_KEYS)
UNIT_KEYS = ("unit", "units", "uom", "unitofmeasurement", "u")
NAME_KEYS = ("name", "id", "valuetype", "metric", "key", "tag", "n", "sensor", "channel", "type")
# Beside a value they say something about it, and are no values themselves.
ABOUT_KEYS = frozenset(
    {*TIME_KEYS, *UNIT_KEYS, "q", "qc", "quality", "status", "statuscode", "ack", "lc", "from"}
    | {"user", "expire", "min", "max", "context", "desc", "description", "label", "error"}
    | {"displayname", "datatype", "dt", "metadata", "tags"}
)
_ABOUT_OR_NAMES = ABOUT_KEYS.union(NAME_KEYS)
# What they hold is meant; their own names say nothing.
ENVELOPES = frozenset({"values", "vals", "fields", "metrics", "measurements", "readings"})
# What something ought to be, and what it was, is not what it is.
WISHES = frozenset({"desired", "previous", "delta", "setdata", "metadata", "metas", "errors"})
_SIGNS = re.compile(r"[^a-z0-9]")
# Names that are kept as they are asked for; longer ones would fill the memory.
_SHORT = 64
MAX_LEVELS = 32
# Characters of a name with those above it; longer ones are none of a metric, and are shown cut.
MAX_PATH, SHOWN = 1_000, 60


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


class _Leaf(NamedTuple):
    path: str
    value: object
    given: object
    unit: str


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
    if len(metric) > MAX_PATH:
        raise Undecodable("too_deep", "a name that is longer than any")
    kind = type(value)
    if kind is float or kind is int or kind is bool:
        return [Record({metric: value})]
    walk = _Walk(style, limits)
    if kind is dict:
        _walk_object(walk, value, metric, ABSENT, 1)  # type: ignore[arg-type] # it is one
        return _grouped(walk.leaves)
    if not isinstance(value, list) or not _is_batch(value):
        _walk(walk, value, metric, ABSENT, 1)
        return _grouped(walk.leaves)
    made: list[Record] = []
    for item in value:
        walk.leaves = []
        _walk(walk, item, metric, ABSENT, 1)
        made += _grouped(walk.leaves)
    return made


def _is_batch(value: list[Any]) -> bool:
    """Return whether `value` is a list of records: objects that have names in common."""
    return bool(value) and all(isinstance(item, dict) for item in value) and not _is_pairs(value)


def _grouped(leaves: Sequence[_Leaf]) -> list[Record]:
    """Return records of what has the same time."""
    if not leaves:
        return []
    first = leaves[0].given
    if all(leaf.given is first for leaf in leaves):
        return [_record(leaves)]
    groups: dict[str, list[_Leaf]] = {}
    for leaf in leaves:
        groups.setdefault(repr(leaf.given), []).append(leaf)
    return [_record(group) for group in groups.values()]


def _record(leaves: Sequence[_Leaf]) -> Record:
    values = {leaf.path: leaf.value for leaf in leaves}
    described = {leaf.path: _unit(leaf.unit) for leaf in leaves if leaf.unit}
    return Record(values, leaves[0].given, described)


@lru_cache(maxsize=1_024)
def _unit_of(spelling: str) -> SeriesDescription:
    return SeriesDescription(unit=units.normalised(spelling), unit_as_sent=spelling)


def _unit(spelling: str) -> SeriesDescription:
    return _unit_of(spelling[: units.MAX_LENGTH])


def _walk(walk: _Walk, value: object, path: str, given: object, level: int) -> None:
    if not isinstance(value, dict | list):
        _add(walk, path, value, given)
    elif level > MAX_LEVELS or level > walk.limits.nesting:
        raise Undecodable("too_deep", f"nested more than {walk.limits.nesting} levels")
    elif isinstance(value, dict):
        _walk_object(walk, value, path, given, level)
    else:
        _walk_list(walk, value, path, given, level)


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
    style = walk.style
    names = {plain(name): name for name in value}
    time_key, own = _time_in(style, names, value, given)
    if _is_one_value(names, value):
        _walk_one_value(walk, names, value, path, own, level)
        return
    times = _times_of_others(value)
    for short, name in names.items() if len(names) == len(value) else _all_names(value):
        if len(path) + len(name) > MAX_PATH:
            # First: below a long name each value would have it once more.
            _add(walk, f"{path or name}"[:SHOWN], Unreadable("its name is too long"), own)
            continue
        if name == time_key or short in style.ignored or _is_time_of(name, times):
            continue
        item = value[name]
        when = times.get(name, own) if times else own
        kind = type(item)
        if kind is float or kind is int or kind is bool:
            _add(walk, f"{path}.{name}" if path and name else path or name, item, when)
            continue
        if short in WISHES and kind is dict and short not in style.kept:
            continue
        is_envelope = short in ENVELOPES and (kind is dict or kind is list)
        _walk(walk, item, path if is_envelope else _join(path, name), when, level + 1)


def _all_names(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every name, plain and as it is, where some are the same without case and signs."""
    return ((plain(name), name) for name in value)


_SUFFIX = "_timestamp"


def _times_of_others(value: Mapping[str, Any]) -> dict[str, object]:
    """Return the times that members such as `{name}_timestamp` give of `name`."""
    found: dict[str, object] = {}
    for name in value:
        if name.endswith(_SUFFIX) and (base := name.removesuffix(_SUFFIX)) in value:
            at = _as_time(value[name])
            if at is not None:
                found[base] = at
    return found


def _is_time_of(name: str, times: Mapping[str, object]) -> bool:
    return bool(times) and name.endswith(_SUFFIX) and name.removesuffix(_SUFFIX) in times


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name


def _time_in(
    style: Style, names: Mapping[str, str], value: Mapping[str, Any], given: object
) -> tuple[str | None, object]:
    """Return under which name an object gives its time, and that; None and `given`: under none."""
    if not _keys(style.time_keys).isdisjoint(names):
        for key in style.time_keys:
            name = names.get(key)
            at = None if name is None else _as_time(value[name])
            if at is not None:
                return name, at
    return None, given


@lru_cache(maxsize=256)
def _keys(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(names)


def _as_time(value: object) -> object | None:
    """Return the time that a member gives, with or without what extended JSON writes around it."""
    if type(value) is dict:
        value = value["$date"] if set(value) == {"$date"} else None
    return as_time(value)


def _is_one_value(names: Mapping[str, str], value: Mapping[str, Any]) -> bool:
    """Return whether an object is one value with what belongs to it."""
    if _VALUE_NAMES.isdisjoint(names):
        return False
    key = _value_key(names)
    if key is None or isinstance(value[key], dict):
        return False
    others = names.keys() - _ABOUT_OR_NAMES
    if len(others) == 1:
        return True  # the value itself
    others = names.keys() - ABOUT_KEYS - {plain(key)}
    return not any(isinstance(value[names[other]], int | float) for other in others)


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
            _key, own = _time_in(walk.style, names, item, given)
            at = _join(path, _name_of(names, item)[:MAX_PATH])
            _walk_one_value(walk, names, item, at, own, level + 1)
        return
    if len(items) > walk.limits.array_elements:
        _add(walk, path, Unreadable(f"more than {walk.limits.array_elements} elements"), given)
        return
    for index, item in enumerate(items):
        # Texts in a list are labels, not readings.
        if not isinstance(item, str):
            _walk(walk, item, _join(path, str(index)), given, level + 1)
