"""Flat objects of numbers, by their shape.

A device sends the same object over and over: the same names in the same order, with values
of the same types. What follows from those alone, which member gives the time and whether each
name may be a metric, is worked out once for each shape.
"""

from functools import lru_cache
from typing import NamedTuple

from mqtt_ingest.core.keys import is_good_metric
from mqtt_ingest.core.packets import SampleKind

TIME_NAMES = ("ts", "time", "timestamp")
# Payloads of more bytes are not looked at: what is remembered stays bounded, whoever sends.
MAX_BYTES, MAX_MEMBERS, MAX_SHAPES = 4_096, 100, 2_048
_KINDS: dict[object, SampleKind] = {int: "number", float: "number", bool: "boolean"}


class Shape(NamedTuple):
    """What a known shape says."""

    # Which member is a number that gives the time, if it is one after 2000; None: none is.
    time: int | None
    # Metric and kind of each other member, in order.
    columns: tuple[tuple[str, SampleKind], ...]


def shape_of(record: dict[str, object], metric_length: int) -> Shape | None:
    """Return the shape of `record`; None where it has to be looked at member by member.

    Args:
        record: an object as a strict JSON decoder returns it, of up to `MAX_BYTES`.
        metric_length: how long a metric's name may be.
    """
    if len(record) > MAX_MEMBERS:
        return None
    return _worked_out((*record, *map(type, record.values())), metric_length)


@lru_cache(maxsize=MAX_SHAPES)
def _worked_out(names_and_types: tuple[object, ...], metric_length: int) -> Shape | None:
    half = len(names_and_types) // 2
    names = [str(name) for name in names_and_types[:half]]
    types = names_and_types[half:]
    times = [index for index, name in enumerate(names) if name in TIME_NAMES]
    if len(times) > 1 or any(types[index] is bool for index in times):
        return None
    columns: list[tuple[str, SampleKind]] = []
    for index, (name, kind) in enumerate(zip(names, types, strict=True)):
        if kind not in _KINDS:
            return None
        if index in times:
            continue
        if not is_good_metric(name, metric_length):
            return None
        columns.append((name, _KINDS[kind]))
    return Shape(times[0] if times else None, tuple(columns)) if columns else None
