"""Sparkplug B payloads: protobuf (proto2) as the specification lays it out in chapter 6.

| message | fields |
|---|---|
| Payload | 1 timestamp, 2 metrics, 3 seq, 4 uuid, 5 body |
| Metric | 1 name, 2 alias, 3 timestamp, 4 datatype, 5 is_historical, 6 is_transient |
| | 7 is_null, 9 properties, 10 int, 11 long, 12 float, 13 double, 14 bool, 15 string |
| | 16 bytes, 17 dataset, 18 template |
| PropertySet | 1 keys, 2 values |
| PropertyValue | 1 type, 2 is_null, 3 int, 4 long, 5 float, 6 double, 7 bool, 8 string |
| DataSet | 1 num_of_columns, 2 columns, 3 types, 4 rows (1 elements) |
| element | 1 int, 2 long, 3 float, 4 double, 5 bool, 6 string |
| Template | 2 metrics, 5 is_definition |

Integers travel as two's complement in unsigned fields: the datatype tells their sign.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from mqtt_ingest.core.errors import Undecodable

# Datatype -> bits of signed integers.
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED = {5: 8, 6: 16, 7: 32, 8: 64}
BOOLEAN, STRING, DATETIME, TEXT, UUID, DATASET, BYTES, FILE, TEMPLATE = (
    *(11, 12, 13, 14, 15, 16, 17, 18, 19),
)
# Arrays: datatype -> format of an element, little-endian as Tahu writes them.
_ARRAYS = {
    **{22: "b", 23: "h", 24: "i", 25: "q", 26: "B", 27: "H", 28: "I", 29: "Q", 30: "f", 31: "d"},
    **{34: "q"},
}
_BOOLEAN_ARRAY, _STRING_ARRAY = 32, 33
MAX_METRICS, MAX_NESTING = 10_000, 8
# Of a metric's name; longer ones are none, whatever they are made of.
MAX_NAME = 800
Value = float | bool | str | list[float] | list[bool] | list[str] | None


@dataclass(slots=True)
class Metric:
    """One metric. `value` is None where it is null, or of a kind that is no reading."""

    name: str = ""
    alias: int | None = None
    timestamp: int | None = None
    datatype: int | None = None
    is_historical: bool = False
    is_transient: bool = False
    is_null: bool = False
    properties: dict[str, float | bool | str] = field(default_factory=dict)
    # The value as it came, by the number of its field.
    raw: tuple[int, int | bytes] | None = None

    def value(self, datatype: int | None = None) -> Value:
        """Return the value, read as `datatype`, which a birth told, where the metric has none.

        Raises:
            Undecodable: it cannot be of that type.
        """
        kind = self.datatype if self.datatype is not None else datatype
        if self.is_null or self.raw is None:
            return None
        number, data = self.raw
        return _value(number, data, kind)


@dataclass(slots=True)
class Payload:
    """A whole payload; times are ms since 1970 UTC."""

    timestamp: int | None = None
    seq: int | None = None
    metrics: list[Metric] = field(default_factory=list)


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield field numbers with their values: whole numbers, or the bytes of anything longer.

    Raises:
        Undecodable: the bytes are no protobuf.
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in {1, 5}:
            length = 8 if wire == 1 else 4
        else:
            raise Undecodable("not_sparkplug", f"wire type {wire}", at)
        if at + length > len(data):
            raise Undecodable("not_sparkplug", "a field is cut off", at)
        yield number, data[at : at + length]
        at += length


def varint(value: int) -> bytes:
    """Return `value` (0 or more) as Protocol Buffers write it."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            break
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value & (2**64 - 1), at
        shift += 7
    raise Undecodable("not_sparkplug", "a number is cut off", at)


def read(data: bytes) -> Payload:
    """Return the payload in `data`.

    Raises:
        Undecodable: it is none.
    """
    found = Payload()
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            found.timestamp = value
        elif number == 2 and isinstance(value, bytes):
            if len(found.metrics) >= MAX_METRICS:
                raise Undecodable("too_many_samples", f"more than {MAX_METRICS:,} metrics")
            found.metrics.append(_metric(value))
        elif number == 3 and isinstance(value, int):
            found.seq = value
    return found


def _metric(data: bytes) -> Metric:
    made = Metric()
    for number, value in fields(data):
        if number == 1 and isinstance(value, bytes):
            made.name = _name(value)
        elif number == 9 and isinstance(value, bytes):
            made.properties = _properties(value)
        elif number >= 10:
            made.raw = (number, value)
        elif isinstance(value, int):
            _set(made, number, value)
    return made


def _name(data: bytes) -> str:
    """Return a name.

    Raises:
        Undecodable: it is longer than any.
    """
    if len(data) > MAX_NAME:
        raise Undecodable("not_sparkplug", f"a name of more than {MAX_NAME} bytes")
    return data.decode("utf-8", "replace")


def _set(made: Metric, number: int, value: int) -> None:
    match number:
        case 2:
            made.alias = value
        case 3:
            made.timestamp = value
        case 4:
            made.datatype = value
        case 5:
            made.is_historical = bool(value)
        case 6:
            made.is_transient = bool(value)
        case 7:
            made.is_null = bool(value)


def _properties(data: bytes) -> dict[str, float | bool | str]:
    keys, values = [], []
    for number, value in fields(data):
        if number == 1 and isinstance(value, bytes):
            keys.append(_name(value))
        elif number == 2 and isinstance(value, bytes):
            values.append(_property(value))
    return {key: value for key, value in zip(keys, values, strict=False) if value is not None}


def _property(data: bytes) -> float | bool | str | None:
    kind = None
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number >= 3:
            # A property's fields are a metric's, seven numbers earlier.
            found = _value(number + 7, value, kind)
            return found if isinstance(found, float | int | bool | str) else None
    return None


def _value(number: int, data: int | bytes, kind: int | None) -> Value:
    try:
        return _read_value(number, data, kind)
    except (struct.error, UnicodeDecodeError) as error:
        raise Undecodable("not_sparkplug", f"a value of type {kind}: {error}") from error


def _read_value(number: int, data: int | bytes, kind: int | None) -> Value:
    if isinstance(data, int):
        if number == 14 or kind == BOOLEAN:
            return bool(data)
        return _integer(data, kind, 32 if number == 10 else 64)
    if number == 12:
        return float(struct.unpack("<f", data)[0])
    if number == 13:
        return float(struct.unpack("<d", data)[0])
    if number == 15:
        return data.decode()
    if number == 16 and kind is not None:
        return _array(data, kind)
    return None


def _integer(data: int, kind: int | None, bits: int) -> int:
    """Return a whole number: cut to its type's bits, with its sign."""
    if kind in _SIGNED:
        bits = _SIGNED[kind]
        data &= 2**bits - 1
        return data - 2**bits if data >> (bits - 1) else data
    return data & ((1 << _UNSIGNED.get(kind or 0, bits)) - 1)


def _array(data: bytes, kind: int) -> Value:
    if kind in _ARRAYS:
        one = _ARRAYS[kind]
        count = len(data) // struct.calcsize(f"<{one}")
        return [float(x) for x in struct.unpack_from(f"<{count}{one}", data)]
    if kind == _BOOLEAN_ARRAY:
        (count,) = struct.unpack_from("<I", data)
        bits = data[4:]
        return [bool(bits[i // 8] >> (7 - i % 8) & 1) for i in range(min(count, len(bits) * 8))]
    if kind == _STRING_ARRAY:
        return [part.decode() for part in data.split(b"\0")[:-1]]
    return None


def members(metric: Metric, level: int = 1) -> Iterator[Metric]:
    """Yield what a template or data set holds, under names of its own; else the metric itself.

    Raises:
        Undecodable: templates are nested too deeply.
    """
    if metric.raw is None or metric.raw[0] not in {17, 18} or metric.is_null:
        yield metric
        return
    if level > MAX_NESTING:
        raise Undecodable("too_deep", f"templates nested more than {MAX_NESTING} levels")
    number, data = metric.raw
    assert isinstance(data, bytes)
    if number == 17:
        yield from _cells(metric, data)
        return
    for field_number, value in fields(data):
        if field_number == 5 and value:
            return  # a definition, not an instance
    for field_number, value in fields(data):
        if field_number == 2 and isinstance(value, bytes):
            member = _metric(value)
            if len(metric.name) + len(member.name) > MAX_NAME:
                raise Undecodable("not_sparkplug", f"a name of more than {MAX_NAME} characters")
            member.name = f"{metric.name}/{member.name}"
            member.timestamp = member.timestamp or metric.timestamp
            member.is_historical |= metric.is_historical
            member.is_transient |= metric.is_transient
            yield from members(member, level + 1)


def _cells(metric: Metric, data: bytes) -> Iterator[Metric]:
    """Yield the cells of a data set as `name/row/column`."""
    columns: list[str] = []
    types: list[int] = []
    rows: list[bytes] = []
    for number, value in fields(data):
        if number == 2 and isinstance(value, bytes):
            columns.append(_name(value))
        elif number == 3:
            types += [value] if isinstance(value, int) else list(_packed(value))
        elif number == 4 and isinstance(value, bytes):
            rows.append(value)
    for place, row in enumerate(rows):
        cells = [value for number, value in fields(row) if number == 1 and isinstance(value, bytes)]
        for column, kind, cell in zip(columns, types, cells, strict=False):
            for number, value in fields(cell):
                yield Metric(
                    name=f"{metric.name}/{place}/{column}",
                    timestamp=metric.timestamp,
                    datatype=kind,
                    is_historical=metric.is_historical,
                    is_transient=metric.is_transient,
                    raw=(number + 9, value),
                )


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value
