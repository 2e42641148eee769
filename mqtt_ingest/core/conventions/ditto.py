"""Eclipse Ditto: the device is named within the payload's own `topic`.

https://eclipse.dev/ditto/protocol-specification.html
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import orjson

from devices import units
from mqtt_ingest.core.conventions.by_payload import ByPayload
from mqtt_ingest.core.descriptions import Description, SeriesDescription
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.reading import parse, records
from mqtt_ingest.core.records import ABSENT, take

_WITH_VALUES = frozenset({"created", "modified", "merged", "modify", "merge", "create"})


def thing_of(value: object) -> tuple[str, str] | None:
    """Return thing and action of a message of the protocol; None where it is none."""
    if not isinstance(value, dict) or "path" not in value:
        return None
    parts = str(value.get("topic", "")).split("/")
    if len(parts) < 6 or parts[2] != "things":
        return None
    return f"{parts[0]}:{parts[1]}", parts[-1]


class Ditto(ByPayload):
    """Properties of features."""

    name: ClassVar[str] = "ditto"
    label: ClassVar[str] = "Eclipse Ditto"
    usual: ClassVar[tuple[str, ...]] = ("ditto/#",)

    @staticmethod
    def is_own(packet: Packet) -> bool:
        """Return whether the payload is of this kind."""
        value = orjson.loads(packet.payload)
        return thing_of(value) is not None or thing_of(value.get("data")) is not None

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what changed of a thing; None where the payload is no such message."""
        if not packet.payload.lstrip().startswith(b"{"):
            return None
        value = parse(packet, limits)
        if isinstance(value, dict) and isinstance(value.get("data"), dict):
            value = value["data"]  # within CloudEvents
        found = thing_of(value)
        if found is None:
            return None
        assert isinstance(value, dict)
        thing, action = found
        if action not in _WITH_VALUES or "status" in value:
            return []
        message = DeviceMessage(thing)
        path = ".".join(_features(str(value["path"])))
        told = _measured(value.get("value"))
        given = value.get("timestamp", ABSENT)
        for record in records(told, path, limits):
            at = record._replace(given=given) if record.given is ABSENT else record
            take(message, packet, 0, at, limits)
        unit = _unit(value.get("extra"))
        if unit and len(message.samples) == 1:
            described = SeriesDescription(unit=units.normalised(unit), unit_as_sent=unit)
            message.description = Description(series={message.samples[0].metric: described})
        return [message]


def _features(path: str) -> list[str]:
    """Return the parts of a path that tell what is measured."""
    parts = [part for part in path.split("/") if part]
    kept = [part for part in parts if part not in {"features", "properties"}]
    return kept if parts[:1] != ["attributes"] else parts


_NOT_MEASURED = frozenset(
    {"desiredProperties", "attributes", "policyId", "thingId", "definition", "_policy"}
)


def _measured(value: object) -> object:
    """Return what is measured of a thing or feature, without the levels that only lead to it."""
    if not isinstance(value, dict):
        return value
    for name in ("features", "properties"):
        if isinstance(value.get(name), dict):
            return _measured(value[name])
    return {key: _measured(one) for key, one in value.items() if key not in _NOT_MEASURED}


def _unit(extra: object) -> str:
    """Return a unit that the message has beside its value, wherever it is modelled."""
    if isinstance(extra, Mapping):
        for key, one in extra.items():
            if key in {"unit", "units"} and isinstance(one, str):
                return one
            found = _unit(one)
            if found:
                return found
    return ""
