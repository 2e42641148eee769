"""From a JSON value to samples: flattening, kinds and what is refused."""

import math
from collections.abc import Iterator

from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import is_good_metric, metric_problem
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Decoded, Kind, Sample

_BOOLEAN_WORDS = {"true": 1.0, "on": 1.0, "false": 0.0, "off": 0.0}
_NOT_NUMBERS = frozenset({"nan", "inf", "infinity"})
Leaf = tuple[Kind, float | None, str | None]
# What a named tuple's own constructor calls, without its detour.
_new = tuple.__new__
# JSON's whole numbers may be larger than a double.
_LARGE = 1e300


def leaf(value: object, limits: Limits) -> Leaf | str:
    """Return kind, value and text of a scalar, or what is wrong with it."""
    if isinstance(value, bool):
        return ("boolean", 1.0 if value else 0.0, None)
    if isinstance(value, int | float):
        return _number(value)
    return _text(str(value), limits)  # JSON has no other scalar


def _number(value: float) -> Leaf | str:
    try:
        number = float(value)
    except OverflowError:
        return "the number is too large for a double"
    if not math.isfinite(number):
        return "NaN and Infinity are no values"
    return ("number", number, None)


def _text(value: str, limits: Limits) -> Leaf | str:
    word = value.strip().lower() if len(value) < 12 else ""
    if word in _BOOLEAN_WORDS:
        return ("boolean", _BOOLEAN_WORDS[word], None)
    if word.lstrip("+-") in _NOT_NUMBERS:
        return "NaN and Infinity are no values"
    if len(value) > limits.text_length:
        return f"the text has {len(value)} characters, {limits.text_length} are allowed"
    if "\0" in value or (not value.isascii() and _has_surrogate(value)):
        return "the text has a character that cannot be stored"
    return ("text", None, value)


def _has_surrogate(value: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in value)


def collect(into: Decoded, record: dict[str, object], ts: int, limits: Limits) -> None:
    """Add the samples of `record`, an object, at `ts` to `into`.

    Of two values with one name (`{"a.b": 1, "a": {"b": 2}}`) the last is stored,
    as JSON does with equal keys; the other is counted.

    Raises:
        Undecodable: the packet has more samples or levels than allowed.
    """
    if not _collect_plain(into.samples, record, ts, limits):
        _collect_any(into, record, ts, limits)
    if len(into.samples) > limits.samples:
        raise Undecodable("too_many_samples", f"more than {limits.samples} values")


def _collect_plain(
    samples: list[Sample], record: dict[str, object], ts: int, limits: Limits
) -> bool:
    """Add the samples of an object of good numbers and booleans, which most packets are.

    Returns False, and adds nothing, where it holds anything else.
    """
    made = []
    for metric, value in record.items():
        kind = type(value)
        if not is_good_metric(metric, limits.metric_length):
            return False
        if kind is float or kind is int:
            if not -_LARGE < value < _LARGE:  # type: ignore[operator] # a number, see above
                return False
            number = float(value)  # type: ignore[arg-type]
            made.append(_new(Sample, (metric, ts, "number", number, None)))
        elif kind is bool:
            made.append(_new(Sample, (metric, ts, "boolean", 1.0 if value else 0.0, None)))
        else:
            return False
    samples += made
    return True


def _collect_any(into: Decoded, record: dict[str, object], ts: int, limits: Limits) -> None:
    made: dict[str, Sample] = {}
    for metric, value in _flatten(record, "", 1, limits, into):
        if value is None:
            continue
        parsed = leaf(value, limits)
        problem = (
            parsed if isinstance(parsed, str) else metric_problem(metric, limits.metric_length)
        )
        if isinstance(parsed, str) or problem:
            into.bad.append((metric[:200], problem))
            continue
        if metric in made:
            into.bad.append((metric, "two values of this packet have the same name"))
        made[metric] = Sample(metric, ts, *parsed)
    into.samples.extend(made.values())


def _flatten(
    value: dict[str, object], prefix: str, depth: int, limits: Limits, into: Decoded
) -> Iterator[tuple[str, object]]:
    if depth > limits.nesting:
        raise Undecodable("too_deep", f"nested more than {limits.nesting} levels")
    for name, item in value.items():
        path = f"{prefix}{name}" if name else ""
        if isinstance(item, dict):
            yield from _flatten(item, f"{path}.", depth + 1, limits, into)
        elif isinstance(item, list):
            yield from _flatten_list(item, path, depth + 1, limits, into)
        else:
            yield path, item


def _flatten_list(
    items: list[object], path: str, depth: int, limits: Limits, into: Decoded
) -> Iterator[tuple[str, object]]:
    if depth > limits.nesting:
        raise Undecodable("too_deep", f"nested more than {limits.nesting} levels")
    if len(items) > limits.array_elements:
        into.bad.append((path[:200], f"more than {limits.array_elements} elements"))
        return
    for index, item in enumerate(items):
        if isinstance(item, bool) or not isinstance(item, int | float):
            if item is not None:
                into.bad.append((f"{path}.{index}"[:200], "only arrays of numbers are stored"))
        else:
            yield f"{path}.{index}", item
