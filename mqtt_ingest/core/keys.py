"""Device keys and metric names.

A device key is 1 to 128 of `A-Z a-z 0-9 _ . : -`. Any other character of a native
id becomes `~` and two hex digits per UTF-8 byte, so `~` itself is `~7E`. So do the dots
of `.` and `..`, which are no names in an address.
"""

import re
import unicodedata
from functools import lru_cache

from mqtt_ingest.core.errors import Undecodable

KEY_LENGTH = 128
_OTHER = re.compile(r"[^A-Za-z0-9_.:-]")
_PLAIN = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9_.:-]{1,128}")
_DOTS = frozenset({".", ".."})
_ESCAPE = re.compile(r"((?:~[0-9A-F]{2})+)")


def _escape(match: re.Match[str]) -> str:
    return "".join(f"~{byte:02X}" for byte in match.group().encode())


def composed(name: str) -> str:
    """Return `name` in Unicode's form C, so that Küche is one name however it was typed."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def device_key(native_id: str) -> str:
    """Return the device key of `native_id`.

    Raises:
        Undecodable: the id is empty, or its key is longer than 128 characters.
    """
    # Most ids are keys already; remembering those of every device would cost memory.
    return native_id if _PLAIN.fullmatch(native_id) else _escaped(native_id)


@lru_cache(maxsize=16_384)
def _escaped(native_id: str) -> str:
    if not native_id:
        raise Undecodable("empty_device", "the device level of the topic is empty")
    if len(native_id) > KEY_LENGTH * 4:  # first: what follows looks at each character
        raise _too_long(len(native_id))
    dots = native_id in _DOTS
    key = "~2E" * len(native_id) if dots else _OTHER.sub(_escape, composed(native_id))
    if len(key) > KEY_LENGTH:
        raise _too_long(len(key))
    return key


def _too_long(length: int) -> Undecodable:
    return Undecodable(
        "key_too_long", f"the device key would have {length} characters, {KEY_LENGTH} are allowed"
    )


def readable(key: str) -> str:
    """Return `key` with its escapes decoded, for people; `key` itself if they are none."""
    try:
        return _ESCAPE.sub(
            lambda match: bytes.fromhex(match.group().replace("~", "")).decode(), key
        )
    except UnicodeDecodeError:
        return key


def metric_problem(metric: str, length: int) -> str:
    """Return what is wrong with `metric` as a name of up to `length` characters, or nothing."""
    if not metric:
        return "the metric has no name"
    if len(metric) > length:
        return f"the metric name has {len(metric)} characters, {length} are allowed"
    if not metric.isprintable() or "*" in metric:
        return "the metric name has a character that is not allowed"
    return ""


def is_good_metric(metric: str, length: int) -> bool:
    """Return whether `metric` may be a name as it is; remembered, as names come again."""
    return len(metric) <= length and _is_good_metric(metric, length)


@lru_cache(maxsize=65_536)
def _is_good_metric(metric: str, length: int) -> bool:
    return not metric_problem(metric, length) and composed(metric) == metric
