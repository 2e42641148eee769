"""SenML in JSON and CBOR: RFC 8428.

A pack is a list of records; base fields hold for all that follow. No topics are defined, so
the device is taken from the name: all before its last `:` or `/`.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import cbor2
import orjson

from devices import units
from mqtt_ingest.core.cbor_walk import CborRefused, look
from mqtt_ingest.core.conventions.by_payload import ByPayload
from mqtt_ingest.core.descriptions import Description, SeriesDescription
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import MICROSECONDS, Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.records import ABSENT, Record, take

# Section 4.5.3: times below are relative to now.
_ABSOLUTE = 2**28
_VERSION = 10
# Section 6: labels of CBOR.
_LABELS = {
    **{-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs"},
    **{0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd"},
}
# Characters of a name and a unit, and what a time may be, in s.
MAX_TEXT, _LATEST = 4_096, 1e12
# A hardware address, of up to 64 signs.
_HARDWARE = re.compile(r"[0-9a-fA-F.-]{8,64}")
# What a value without a name is, by its unit.
_BY_UNIT = {"lat": "lat", "lon": "lon", "alt": "alt", "m": "m"}


class Resolved(NamedTuple):
    """A record with what its base fields add (section 4.6). `time` is in s."""

    name: str
    unit: str
    value: object
    time: float
    update_s: float | None


def resolve(pack: Sequence[Mapping[Any, Any]]) -> Iterator[Resolved]:
    """Yield the records of `pack`.

    Raises:
        Undecodable: it is no pack, or of a version that is not known.
    """
    base: dict[str, Any] = {}
    for number, record in enumerate(pack):
        if any(isinstance(label, str) and label.endswith("_") for label in record):
            raise Undecodable("not_senml", f"record {number} must be understood, and is not")
        base |= {k: v for k, v in record.items() if k in {"bn", "bt", "bu", "bv", "bver"}}
        version = _number(base.get("bver", _VERSION))
        if version > _VERSION:
            raise Undecodable("not_senml", f"version {version:g} is not known")
        value = _value(record, base)
        if value is not None:
            yield Resolved(
                _told("bn", base) + _told("n", record),
                _told("u", record) or _told("bu", base),
                value,
                _seconds(base, record),
                _number(record["ut"]) if "ut" in record else None,
            )


def _told(label: str, record: Mapping[str, Any]) -> str:
    """Return a text of a record; empty: it has none.

    Raises:
        Undecodable: it is none, or longer than any name.
    """
    text = record.get(label, "")
    if not isinstance(text, str):
        raise Undecodable("not_senml", f"{label} is no text")
    if len(text) > MAX_TEXT:
        raise Undecodable("not_senml", f"{label} has more than {MAX_TEXT} characters")
    return text


def _value(record: Mapping[str, Any], base: Mapping[str, Any]) -> object:
    if "v" in record or ("bv" in base and not {"vs", "vb", "vd", "s"} & set(record)):
        return _number(record.get("v", 0)) + _number(base.get("bv", 0))
    return next((record[label] for label in ("vb", "vs") if label in record), None)


def _number(value: object) -> float:
    if type(value) is Decimal:
        # One that is no number is none as a float either.
        value = float(value) if not value.is_snan() else math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        # What it is may be of any size, and is looked at before it is put into words.
        told = repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"
        raise Undecodable("not_senml", f"{told} is no number")
    return value


def _seconds(base: Mapping[str, Any], record: Mapping[str, Any]) -> float:
    time = _number(base.get("bt", 0)) + _number(record.get("t", 0))
    if not abs(time) < _LATEST:
        raise Undecodable("not_senml", "a time beyond any calendar")
    return time


def load(payload: bytes) -> object:
    """Return what is in a payload, labels of CBOR as those of JSON; None: neither of them.

    Raises:
        Undecodable: it begins like CBOR, and cannot be read.
    """
    start = payload.lstrip()[:1]
    if start == b"[":
        try:
            return orjson.loads(payload)
        except orjson.JSONDecodeError:
            return None
    # An array of CBOR: of known length, or of any.
    if payload and (0x80 <= payload[0] <= 0x9B or payload[0] == 0x9F):
        try:
            look(payload)
            value = cbor2.loads(payload)
        except CborRefused as error:
            raise Undecodable("not_senml", f"CBOR with {error} is not read here") from error
        except Exception as error:  # what it raises is of many kinds
            raise Undecodable("not_senml", f"no CBOR: {error}") from error
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            return [{_LABELS.get(key, key): item for key, item in one.items()} for one in value]
    return None


def is_pack(value: object) -> bool:
    """Return whether `value` looks like a pack: values, and names for them."""
    if not isinstance(value, list) or not value:
        return False
    known = {"bn", "n", "v", "vb", "vs", "vd", "s", "bv", "bt", "bu", "u", "t"}
    return all(
        isinstance(one, dict) and {str(key) for key in one} & known for one in value
    ) and any({"n", "bn"} & set(one) for one in value)


def split(name: str, unit: str) -> tuple[str, str]:
    """Return device and metric of a resolved name."""
    at = max(name.rfind(":"), name.rfind("/"))
    device, metric = (name[:at], name[at + 1 :]) if at > 0 else ("", name)
    if _is_hardware(metric) or not device:
        # The whole name is the device's: its only value goes by its unit.
        return name, _BY_UNIT.get(unit, units.normalised(unit) or "value")
    return device, metric or _BY_UNIT.get(unit, units.normalised(unit) or "value")


def _is_hardware(text: str) -> bool:
    """Return whether a part of a name is a hardware address rather than what is measured."""
    return _HARDWARE.fullmatch(text) is not None


class Senml(ByPayload):
    """Packs on the topics that its options name."""

    name: ClassVar[str] = "senml"
    label: ClassVar[str] = "SenML"
    usual: ClassVar[tuple[str, ...]] = ("+/+/senml", "senml/#")

    @staticmethod
    def is_own(packet: Packet) -> bool:
        """Return whether the payload is of this kind."""
        value = load(packet.payload)
        return isinstance(value, list) and is_pack(value) and bool(list(resolve(value)))

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what a pack says; None where the payload is none."""
        if len(packet.payload) > limits.payload_bytes:
            raise Undecodable("too_large", f"{len(packet.payload)} bytes")
        value = load(packet.payload)
        if not is_pack(value):
            return None
        assert isinstance(value, list)
        if len(value) > limits.samples:
            raise Undecodable("too_many_samples", f"more than {limits.samples} records")
        messages: dict[str, DeviceMessage] = {}
        series: dict[str, dict[str, SeriesDescription]] = {}
        for index, one in enumerate(resolve(value)):
            device, metric = split(one.name, one.unit)
            device = device or packet.topic
            message = messages.setdefault(device, DeviceMessage(device))
            record = Record({metric: one.value}, _time(one, packet))
            take(message, packet, index, record, limits)
            series.setdefault(device, {})[metric] = SeriesDescription(
                unit=units.normalised(one.unit), unit_as_sent=one.unit, cadence_s=one.update_s
            )
        for device, described in series.items():
            messages[device].description = Description(series=described)
        return list(messages.values())


def _time(one: Resolved, packet: Packet) -> object:
    """Return a record's time in µs since 1970; small ones are relative to now (section 4.5.3)."""
    if one.time >= _ABSOLUTE:
        return round(one.time * MICROSECONDS)
    return packet.received_at + round(one.time * MICROSECONDS) if one.time else ABSENT
