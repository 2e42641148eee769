"""Telegraf's JSON: `{"fields": …, "name": …, "tags": …, "timestamp": …}`, or `metrics` of them.

https://github.com/influxdata/telegraf/tree/master/plugins/serializers/json
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import orjson
from pydantic import Field

from mqtt_ingest.core.conventions.base import Options
from mqtt_ingest.core.conventions.by_payload import ByPayload, FilterOptions
from mqtt_ingest.core.conventions.influx_line import device_of
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.reading import MAX_PATH, USUAL, parse, records
from mqtt_ingest.core.records import take

_STYLE = replace(USUAL, time_keys=("timestamp",))


class TelegrafOptions(FilterOptions):
    """What the metrics do not tell."""

    device_tags: tuple[str, ...] = Field(
        default=(), description="Tags that name the device; empty: those that usually do."
    )


class TelegrafJson(ByPayload):
    """Metrics of hosts, by their tags."""

    name: ClassVar[str] = "telegraf_json"
    label: ClassVar[str] = "Telegraf (JSON)"
    Options: ClassVar[type[Options]] = TelegrafOptions
    usual: ClassVar[tuple[str, ...]] = ("telegraf/#",)

    @staticmethod
    def is_own(packet: Packet) -> bool:
        """Return whether the payload is of this kind."""
        value = orjson.loads(packet.payload)
        several = value.get("metrics")
        metrics = several if isinstance(several, list) else [value]
        return bool(metrics) and all(_is_metric(one) for one in metrics)

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what the metrics say; None where the payload is no metric of Telegraf."""
        is_object = packet.payload.lstrip().startswith(b"{")
        if not is_object or not isinstance(value := parse(packet, limits), dict):
            return None
        several = value.get("metrics")
        metrics = several if isinstance(several, list) else [value]
        if not metrics or not all(_is_metric(one) for one in metrics):
            return None
        messages: dict[str, DeviceMessage] = {}
        for index, one in enumerate(metrics):
            self._take(messages, packet, one, index, limits)
        return list(messages.values())

    def _take(
        self,
        messages: dict[str, DeviceMessage],
        packet: Packet,
        one: Mapping[str, Any],
        index: int,
        limits: Limits,
    ) -> None:
        tags = {str(name): str(value) for name, value in one["tags"].items()}
        device = device_of(tags, self.options.device_tags) or packet.topic
        message = messages.setdefault(device, DeviceMessage(device))
        named = tags.get("cpu") or tags.get("device") or tags.get("interface") or tags.get("path")
        prefix = one["name"] if not named or named == device else f"{one['name']}.{named}"
        if len(prefix) > MAX_PATH:
            raise Undecodable("too_deep", "a name that is longer than any")
        fields = {f"{prefix}.{name}": item for name, item in one["fields"].items()}
        timed = {**fields, "timestamp": one["timestamp"]} if "timestamp" in one else fields
        for record in records(timed, "", limits, _STYLE):
            take(message, packet, index, record, limits)


def _is_metric(one: object) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("fields"), dict)
        and isinstance(one.get("tags"), dict)
        and isinstance(one.get("name"), str)
    )
