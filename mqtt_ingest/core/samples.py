"""From a JSON value to samples: flattening, kinds and what is refused."""

import math
import re
from collections.abc import Iterator

from mqtt_ingest.core.descriptions import Kind
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import composed, is_good_metric, metric_problem
from mqtt_ingest.core.lenient_json import Unreadable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Sample, SampleKind

_BOOLEAN_WORDS = {"true": 1.0, "on": 1.0, "false": 0.0, "off": 0.0}
_NOT_NUMBERS = frozenset({"nan", "inf", "infinity"})
# RFC 8259, section 6; with the digits that count for how exact it is.
_NUMERAL = re.compile(r"-?((?:0|[1-9]\d*)(?:\.\d+)?)(?:[eE][+-]?\d+)?", re.ASCII)
# Of a double: more digits, or larger whole numbers, would come back as others.
MAX_DIGITS = 15
MAX_WHOLE = 2**53
Leaf = tuple[SampleKind, float | None, str | None]
# The kind of a series whose first sample is of another one.
BASE: dict[SampleKind, Kind] = {
    **{"number": "number", "boolean": "boolean", "text": "text"},
    **{"numeral": "number", "word": "boolean"},
}
# Value and text as they are stored, and whether the series' kind is theirs.
Fitted = tuple[float | None, str | None, bool]
# A name of so many times the characters that it may have can still be composed to a good one.
LONGEST = 4
# Texts that are longer are neither words nor numbers.
MAX_WORD = 100
# What a named tuple's own constructor calls, without its detour.
_new = tuple.__new__
# JSON's whole numbers may be larger than a double.
_LARGE = 1e300


def leaf(value: object, limits: Limits) -> Leaf | str | None:
    """Return kind, value and text of a scalar, what is wrong with it, or None: no reading."""
    if value is None:
        return None
    if isinstance(value, Unreadable):
        return value.problem
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


def _text(value: str, limits: Limits) -> Leaf | str | None:
    if len(value) <= MAX_WORD:
        word = value.strip().lower()
        if not word or word in limits.no_reading:
            return None
        if word in _BOOLEAN_WORDS:
            return ("word", _BOOLEAN_WORDS[word], value)
        number = numeral(word) if limits.numbers_in_text else None
        if number is not None:
            return ("numeral", number, value)
        if word.lstrip("+-") in _NOT_NUMBERS:
            return "NaN and Infinity are no values"
    if len(value) > limits.text_length:
        return f"the text has {len(value)} characters, {limits.text_length} are allowed"
    if "\0" in value or (not value.isascii() and _has_surrogate(value)):
        return "the text has a character that cannot be stored"
    return ("text", None, value)


def numeral(text: str) -> float | None:
    """Return the number that `text` is in JSON; None where a double could not tell it again."""
    found = _NUMERAL.fullmatch(text)
    if found is None or len(found[1].replace(".", "").lstrip("0")) > MAX_DIGITS:
        return None
    number = float(text)
    is_exact = abs(number) <= MAX_WHOLE or (math.isfinite(number) and not number.is_integer())
    return number if is_exact else None


def told_by(text: str) -> float | None:
    """Return the number of which `text` is what we write; None where it is of none."""
    if not _NUMERAL.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) and _words("number", number) == text else None


def fit(kind: Kind, sample: SampleKind, value: float | None, text: str | None) -> Fitted:
    """Return value and text of a sample as a series of `kind` stores them, and whether it fits.

    0 and 1, true and false, on and off fit each other. What does not fit is kept as a text.
    """
    if kind == "text":
        return None, text if text is not None else _words(sample, value), text is not None
    is_fitting = sample != "text" and (kind == "number" or value in {0.0, 1.0})
    if is_fitting:
        return value, None, True
    return None, text if text is not None else _words(sample, value), False


def _words(sample: SampleKind, value: float | None) -> str:
    """Return a number or boolean in words, as JSON writes it."""
    if sample == "boolean":
        return "true" if value else "false"
    is_whole = value is not None and value.is_integer() and abs(value) <= MAX_WHOLE
    return str(int(value)) if is_whole and value is not None else repr(value)


def _has_surrogate(value: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in value)


def collect(into: DeviceMessage, record: dict[str, object], ts: int, limits: Limits) -> None:
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


def check_bad(into: DeviceMessage, limits: Limits) -> None:
    """Refuse a packet that says nothing but what is wrong with it, without end.

    Raises:
        Undecodable: it has more bad values than it may have samples.
    """
    if len(into.bad) > limits.samples:
        raise Undecodable("too_many_samples", f"more than {limits.samples} bad values")


def _collect_plain(
    samples: list[Sample], record: dict[str, object], ts: int, limits: Limits
) -> bool:
    """Add the samples of a flat object of good names and values, which most packets are.

    Returns False, and adds nothing, where anything is nested or to be complained about.
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
        elif kind is str:
            told = _text(value, limits)  # type: ignore[arg-type] # a text, see above
            if isinstance(told, str):
                return False
            if told is not None:
                made.append(_new(Sample, (metric, ts, *told)))
        elif value is not None:
            return False
    samples += made
    return True


def _collect_any(into: DeviceMessage, record: dict[str, object], ts: int, limits: Limits) -> None:
    made: dict[str, Sample] = {}
    for name, value in _flatten(record, "", 1, limits, into):
        parsed = leaf(value, limits)
        if parsed is None:
            continue
        # Longer names are none whatever they are composed to, which would take very long.
        is_long = len(name) > LONGEST * limits.metric_length
        metric = name if is_long else composed(name)
        problem = (
            parsed if isinstance(parsed, str) else metric_problem(metric, limits.metric_length)
        )
        if isinstance(parsed, str) or problem:
            into.bad.append((metric[:200], problem))
            check_bad(into, limits)
            continue
        if metric in made:
            into.bad.append((metric, "two values of this packet have the same name"))
        made[metric] = Sample(metric, ts, *parsed)
    into.samples.extend(made.values())


def _flatten(
    value: dict[str, object], prefix: str, depth: int, limits: Limits, into: DeviceMessage
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
    items: list[object], path: str, depth: int, limits: Limits, into: DeviceMessage
) -> Iterator[tuple[str, object]]:
    if depth > limits.nesting:
        raise Undecodable("too_deep", f"nested more than {limits.nesting} levels")
    if len(items) > limits.array_elements:
        into.bad.append((path[:200], f"more than {limits.array_elements} elements"))
        return
    for index, item in enumerate(items):
        if isinstance(item, bool) or not isinstance(item, int | float | Unreadable):
            if item is not None:
                into.bad.append((f"{path}.{index}"[:200], "only arrays of numbers are stored"))
        else:
            yield f"{path}.{index}", item
    check_bad(into, limits)
