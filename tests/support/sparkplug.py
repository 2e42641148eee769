"""Sparkplug B payloads, written by field numbers as an edge node would."""

import struct
from typing import Any


def varint(value: int) -> bytes:
    made = bytearray()
    while True:
        value, digit = value >> 7, value & 127
        made.append(digit | (128 if value else 0))
        if not value:
            return bytes(made)


def field(number: int, value: int | bytes | float | str, wire: int | None = None) -> bytes:
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        wide = wire != 5
        return varint(number << 3 | (1 if wide else 5)) + struct.pack("<d" if wide else "<f", value)
    return varint(number << 3) + varint(value & (2**64 - 1))


def metric(
    name: str = "",
    value: Any = None,
    *,
    alias: int | None = None,
    kind: int | None = None,
    ts: int | None = None,
    unit: str = "",
    historical: bool = False,
    raw: bytes = b"",
) -> bytes:
    """Return one metric; `raw` holds value fields of kinds that Python has not."""
    parts = [field(1, name)] if name else []
    parts += [field(2, alias)] if alias is not None else []
    parts += [field(3, ts)] if ts is not None else []
    parts += [field(4, kind)] if kind is not None else []
    parts += [field(5, 1)] if historical else []
    if unit:
        parts.append(field(9, field(1, "engUnit") + field(2, field(1, 12) + field(8, unit))))
    if raw:
        parts.append(raw)
    elif value is None:
        parts.append(field(7, 1))
    elif isinstance(value, bool):
        parts.append(field(14, int(value)))
    elif isinstance(value, int):
        parts.append(
            field(
                11 if kind in {4, 8, 13} else 10,
                value & (2**64 - 1 if kind in {4, 8, 13} else 2**32 - 1),
            )
        )
    elif isinstance(value, float):
        parts.append(field(13, value) if kind != 9 else field(12, value, 5))
    else:
        parts.append(field(15, value))
    return b"".join(parts)


def payload(*metrics: bytes, ts: int | None = None, seq: int | None = None) -> bytes:
    parts = [field(1, ts)] if ts is not None else []
    parts += [field(2, one) for one in metrics]
    parts += [field(3, seq)] if seq is not None else []
    return b"".join(parts)
