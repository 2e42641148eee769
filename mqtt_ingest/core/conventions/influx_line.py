"""Influx line protocol, one point a line, as Telegraf and many others send it.

A device is told by its tags: by one of those that usually name it, else by all of them.
https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from mqtt_ingest.core.conventions.base import Options
from mqtt_ingest.core.conventions.by_payload import ByPayload, FilterOptions
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.payloads import decode_text
from mqtt_ingest.core.records import ABSENT, Record, take

_PART = re.compile(r'(?:[^\\, ="]|\\.|(?<==)"(?:[^"\\]|\\.)*")+')
_KEY = r"(?:[^\\,= ]|\\.)+"
_STRING = r'"(?:[^"\\]|\\.)*"'
_LINE = re.compile(
    rf"(?P<name>(?:[^\\, ]|\\.)+)(?P<tags>(?:,{_KEY}={_KEY})*) +"
    rf"(?P<fields>{_KEY}=(?:{_STRING}|[^\\, \"]+)(?:,{_KEY}=(?:{_STRING}|[^\\, \"]+))*)"
    r"(?: +(?P<time>-?\d{1,20}))?\s*",
    re.DOTALL,
)
_TAG = re.compile(rf"({_KEY})=({_KEY})")
_FIELD = re.compile(rf"({_KEY})=({_STRING}|[^\\, \"]+)")
_ESCAPE = re.compile(r"\\([,= \"\\])")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
# More digits are no whole number that anything is counted in.
LONGEST = 30
_TRUE, _FALSE = (
    frozenset({"t", "T", "true", "True", "TRUE"}),
    frozenset({"f", "F", "false", "False", "FALSE"}),
)
_TO_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
# Tags that name a device, most telling first; others only tell of what it is.
DEVICE_TAGS = (
    *("device", "device_id", "deviceid", "dev_eui", "serial", "serial_number", "sn", "uuid", "mac"),
    *("sensor", "sensor_id", "node", "id", "source", "host", "hostname", "ups_name", "name"),
)


class InfluxOptions(FilterOptions):
    """What the lines do not tell."""

    precision: Literal["ns", "us", "ms", "s"] = Field(
        default="ns", description="The unit of times; Telegraf writes ns."
    )
    device_tags: tuple[str, ...] = Field(
        default=(), description="Tags that name the device; empty: those that usually do."
    )


class Point(NamedTuple):
    """A line: measurement, tags, fields, and its time as it stands there."""

    name: str
    tags: dict[str, str]
    fields: dict[str, object]
    time: int | None


def points(text: str) -> Iterator[Point]:
    """Yield the points of a payload.

    Raises:
        Undecodable: a line is none.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield point(line.strip(), number)


def point(line: str, number: int = 1) -> Point:
    """Return the point in `line`.

    Raises:
        Undecodable: it is none.
    """
    found = _LINE.fullmatch(line)
    if found is None:
        raise Undecodable("not_line_protocol", f"line {number}: {line[:60]!r} is no point")
    tags = {_plain(key): _plain(value) for key, value in _TAG.findall(found["tags"])}
    fields = {_plain(key): _value(value, number) for key, value in _FIELD.findall(found["fields"])}
    return Point(_plain(found["name"]), tags, fields, int(found["time"]) if found["time"] else None)


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def _value(text: str, number: int) -> object:
    if text.startswith('"'):
        return _plain(text[1:-1])
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    bare = text[:-1] if text[-1:] in {"i", "u"} else text
    if not _NUMBER.fullmatch(bare):
        raise Undecodable("not_line_protocol", f"line {number}: {text[:40]!r} is no value")
    if bare == text or not bare.lstrip("+-").isdecimal() or len(bare) > LONGEST:
        return float(bare)
    return int(bare)


def device_of(tags: dict[str, str], wanted: Sequence[str]) -> str:
    """Return what `tags` call the device; empty: nothing.

    Several of the telling ones together, where others might share one of them: what feature of
    which chip, which core of which host.
    """
    chosen = [tags[name] for name in wanted if name in tags]
    if chosen:
        return "/".join(chosen)
    for name in DEVICE_TAGS:
        if name in tags:
            return tags[name]
    return ""


class InfluxLine(ByPayload):
    """Lines on the topics that its options name."""

    name: ClassVar[str] = "influx_line"
    label: ClassVar[str] = "Influx line protocol"
    Options: ClassVar[type[Options]] = InfluxOptions
    usual: ClassVar[tuple[str, ...]] = ("telegraf/#",)

    @staticmethod
    def is_own(packet: Packet) -> bool:
        """Return whether the payload is of this kind."""
        text = packet.payload.decode()
        found = list(points(text))
        return bool(found) and text.lstrip()[:1] not in {"{", "["}

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what the lines say; None where the payload begins like something else."""
        if not packet.payload:
            return []
        text = decode_text(packet.payload, limits)
        first = text.lstrip()[:1]
        if first in {"{", "[", '"'} or "=" not in text:
            return None
        messages: dict[str, DeviceMessage] = {}
        for index, one in enumerate(points(text)):
            device = device_of(one.tags, self.options.device_tags) or _rest(one, packet.topic)
            message = messages.setdefault(device, DeviceMessage(device))
            values = {_metric(one, name): value for name, value in one.fields.items()}
            take(message, packet, index, Record(values, self._time(one)), limits)
        return list(messages.values())

    def _time(self, one: Point) -> object:
        if one.time is None:
            return ABSENT
        return one.time * _TO_NS[self.options.precision]


def _rest(one: Point, topic: str) -> str:
    """Return how a device is called that no tag names: by all its tags, or by the topic."""
    return "/".join(one.tags.values()) or topic


def _metric(one: Point, field: str) -> str:
    """Return a field's name; tags that tell parts of one device apart stay in it."""
    parts = [
        value
        for name, value in one.tags.items()
        if name in {"feature", "core_id", "cpu", "channel", "interface"} and name not in DEVICE_TAGS
    ]
    return ".".join([one.name, *parts, field])
