"""What MQTT 5 says of a PUBLISH besides its payload (section 3.3.2.3), as conventions ask it.

The broker has checked the packet: what cannot be read here is passed over.
"""

import struct
from typing import NamedTuple

CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION_DATA, USER_PROPERTY = 3, 8, 9, 38
# How long the values of the other properties are; a subscription's number is a variable one.
_FIXED = {1: 1, 2: 4, 35: 2}
_SUBSCRIPTION_ID = 11
MAX_USER = 100


class PacketProperties(NamedTuple):
    """The properties of a PUBLISH."""

    content_type: str = ""
    response_topic: str = ""
    correlation_data: bytes = b""
    user: tuple[tuple[str, str], ...] = ()


NONE = PacketProperties()


def read(data: bytes) -> PacketProperties:
    """Return the properties in `data`, which follows their length."""
    found: dict[str, str | bytes] = {}
    user: list[tuple[str, str]] = []
    at = 0
    try:
        while at < len(data):
            number, at = data[at], at + 1
            if number == USER_PROPERTY:
                name, at = _string(data, at)
                value, at = _string(data, at)
                if len(user) < MAX_USER:
                    user.append((name.decode(), value.decode()))
            elif number in _FIXED:
                at += _FIXED[number]
            elif number == _SUBSCRIPTION_ID:
                while data[at] & 128:
                    at += 1
                at += 1
            elif number == CORRELATION_DATA:
                found["correlation_data"], at = _string(data, at)
            elif number in {CONTENT_TYPE, RESPONSE_TOPIC}:
                text, at = _string(data, at)
                name_of = "content_type" if number == CONTENT_TYPE else "response_topic"
                found[name_of] = text.decode()
            else:
                break
    except (IndexError, struct.error, UnicodeDecodeError):
        pass
    return PacketProperties(**found, user=tuple(user))  # type: ignore[arg-type] # by name


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">H", data, at)
    end = at + 2 + length
    if end > len(data):
        raise IndexError(end)
    return data[at + 2 : end], end
