"""From payload bytes to a JSON value: strictly first, then as printf makes it."""

import json
import math

import orjson

from mqtt_ingest.core import lenient_json
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits

# NaN and Infinity become float NaN here, what else is no value an `Unreadable`, and are
# refused one by one in `values`, so that the good values beside them are kept.
_DECODER = json.JSONDecoder(parse_constant=lambda _name: math.nan)
_BOM = b"\xef\xbb\xbf"
# So deep the tolerant reader goes; how deep values may lie is looked at later.
_LEVELS = 100
NOT_PLAIN = object()
# With what JSON begins; with what its numbers do, and with what such a payload ends.
_BEGINS = frozenset(bytes([sign]) for sign in b'{["-0123456789tfn \t\r\n')
_DIGITS = frozenset(bytes([sign]) for sign in b"-0123456789")
_ENDS = frozenset(bytes([sign]) for sign in b"0123456789 \t\r\n")


def decode_plain(payload: bytes, limits: Limits) -> object:
    """Return the one JSON value in `payload`, or `NOT_PLAIN`.

    orjson reads what is plain JSON, four times as fast, and its numbers are finite. Whatever it
    refuses (NaN, a byte order mark, a C string's end) goes the tolerant way, by `decode_text`
    and `decode_json`, which also tells where a payload is broken.
    """
    if len(payload) <= limits.payload_bytes and not _is_bare_text(payload):
        try:
            return orjson.loads(payload)
        except orjson.JSONDecodeError:
            pass
    return NOT_PLAIN


def _is_bare_text(payload: bytes) -> bool:
    """Return whether `payload` begins or ends as no JSON does: an error costs more than a look."""
    return payload[:1] not in _BEGINS or (payload[:1] in _DIGITS and payload[-1:] not in _ENDS)


def decode_text(payload: bytes, limits: Limits) -> str:
    """Return the payload as text, without a byte order mark.

    Raises:
        Undecodable: too large, not UTF-8, or nothing but white space.
    """
    if len(payload) > limits.payload_bytes:
        raise Undecodable("too_large", f"{len(payload)} bytes, {limits.payload_bytes} are allowed")
    try:
        text = payload.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise Undecodable("not_utf8", error.reason, error.start) from error
    # Firmware in C sends the end of its string along.
    return text.rstrip("\0")


def decode_json(text: str) -> object:
    """Return the one JSON value in `text`.

    Raises:
        Undecodable: not even tolerably JSON, more than one document, or nested without end.
    """
    stripped = text.strip(" \t\r\n")
    if not stripped:
        raise Undecodable("not_json", "the payload is empty or white space", 0)
    try:
        return _strictly(stripped)
    except Undecodable as error:
        if error.reason != "not_json":
            raise
        try:
            return lenient_json.loads(stripped, _LEVELS)
        except lenient_json.Broken:
            raise error from None


def _strictly(stripped: str) -> object:
    try:
        value, end = _DECODER.raw_decode(stripped)
    except json.JSONDecodeError as error:
        raise Undecodable("not_json", error.msg, error.pos) from error
    except RecursionError as error:
        raise Undecodable("too_deep", "nested deeper than can be read") from error
    except ValueError as error:  # an integer of more than 4300 digits
        raise Undecodable("not_json", "a number has too many digits") from error
    if end != len(stripped):
        raise Undecodable("not_json", "something follows the JSON value", end)
    return value
