"""Templates: rules that people write, or that were found by structure, for what has no name.

Each says by a topic template which packets it is for, and what of them is the device, the
metric, the time and the unit. The first that matches has the packet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from string import Formatter
from typing import Any, ClassVar, Literal

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import Field, field_validator, model_validator

from devices import units
from devices.datetime_texts import zone_of
from mqtt_ingest.core.conventions.base import Convention, Options
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.conventions.template_bounds import MAX_SLOW, check_bounds, check_path, is_slow
from mqtt_ingest.core.conventions.templates import BadTemplate, FirstMatch, compiled
from mqtt_ingest.core.descriptions import Description, SeriesDescription, with_series
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet, Sample
from mqtt_ingest.core.reading import parse, records
from mqtt_ingest.core.records import ABSENT, Record, take
from mqtt_ingest.core.topics import filter_problem

# Of a Source; and values that one of them finds by paths of their own.
MAX_TEMPLATES, MAX_PATHS = 500, 100
# Characters of paths that are followed for one packet, over all of its records.
MAX_FOLLOWED = 200_000
ONLINE = ("online", "connected", "true", "1", "ready", "running", "alive", "up", "available")
OFFLINE = (
    *("offline", "disconnected", "connection lost", "false", "0", "lost", "stopped", "dead"),
    *("down", "unavailable", "not connected"),
)


def _expression(text: str) -> str:
    try:
        found = jmespath.compile(text)
    except (JMESPathError, RecursionError) as error:
        raise ValueError(f"{text[:200]!r} is no JMESPath expression: {error}") from error
    check_path(text, found.parsed)
    return text


class Metric(Options):
    """What is to be done with one metric."""

    name: str = Field(default="", max_length=200, description="Another name for it.")
    unit: str = Field(default="", max_length=50)
    scale: float = Field(default=1.0, description="What it is multiplied by.")
    offset: float = Field(default=0.0, description="What is added afterwards.")
    texts: dict[str, float] = Field(default={}, description="Numbers in place of texts.")
    ignore: bool = False


class Template(Options):
    """A rule from topic and payload to device, metric, time and unit."""

    topic: str = Field(description="As in plant/{site}/{device}/{metric*}.")
    kind: Literal["values", "presence", "ignore"] = "values"
    device: str = Field(
        default="{device}", description="The device's id, put together of what the topic captures."
    )
    device_path: str = Field(
        default="", description="Where the payload names the device instead (JMESPath)."
    )
    name_path: str = Field(default="", description="Where the payload gives its name.")
    metric: str = Field(
        default="{metric}", description="The metric of a bare value; a prefix for others."
    )
    explode: str = Field(default="", description="The list that holds one record an element.")
    values: dict[str, str] = Field(
        default={}, description="Metric -> where its value is; empty: all that can be found."
    )
    time_path: str = ""
    zone: str = Field(default="", description="Of times that name none; empty: the Source's.")
    unit_path: str = Field(default="", description="Where the payload gives the unit.")
    metrics: dict[str, Metric] = {}
    online: tuple[str, ...] = ONLINE
    offline: tuple[str, ...] = OFFLINE

    @cached_property
    def told(self) -> dict[str, SeriesDescription]:
        """Return what is said of the units of metrics, as they are called in the end."""
        return {
            one.name or metric: SeriesDescription(
                unit=units.normalised(one.unit), unit_as_sent=one.unit
            )
            for metric, one in self.metrics.items()
            if one.unit
        }

    @cached_property
    def path_length(self) -> int:
        """Return how many characters of paths are followed in each record; at least 1."""
        paths = (*self.values.values(), self.device_path, self.name_path, self.time_path)
        return max(1, sum(map(len, paths)) + len(self.unit_path))

    @field_validator("topic")
    @classmethod
    def _good_topic(cls, text: str) -> str:
        try:
            made = compiled(text)
            check_bounds(text)
        except BadTemplate as error:
            raise ValueError(str(error)) from error
        wrong = next((why for one in made.filters if (why := filter_problem(one))), "")
        if wrong:
            raise ValueError(f"{text!r}: {wrong}")
        return text

    @field_validator("device", "metric")
    @classmethod
    def _good_format(cls, text: str) -> str:
        for _literal, name, how, conversion in Formatter().parse(text):
            if name is not None and (not name.isidentifier() or how or conversion):
                raise ValueError(f"{text!r}: braces hold the name of a capture alone")
        return text

    @field_validator("device_path", "name_path", "explode", "time_path", "unit_path")
    @classmethod
    def _good_path(cls, text: str) -> str:
        return _expression(text) if text else text

    @field_validator("values")
    @classmethod
    def _good_values(cls, given: dict[str, str]) -> dict[str, str]:
        if len(given) > MAX_PATHS:
            raise ValueError(f"more than {MAX_PATHS} paths")
        return {name: _expression(text) for name, text in given.items()}

    @field_validator("zone")
    @classmethod
    def _good_zone(cls, name: str) -> str:
        if name:
            zone_of(name)
        return name

    @model_validator(mode="after")
    def _captures(self) -> "Template":
        if self.kind == "ignore":
            return self
        captured = dict.fromkeys(compiled(self.topic).names, "x")
        for field_name in ("device", "metric"):
            try:
                getattr(self, field_name).format_map(_Lenient(captured, field_name == "metric"))
            except (KeyError, ValueError, IndexError, AttributeError) as error:
                raise ValueError(
                    f"{field_name}: the topic captures no {error}; it captures "
                    f"{', '.join(sorted(captured)) or 'nothing'}"
                ) from error
        return self


class _Lenient(dict[str, str]):
    """Captures, of which `metric` may be missing."""

    def __init__(self, given: Mapping[str, str], is_lenient: bool) -> None:  # noqa: FBT001
        super().__init__(given)
        self._is_lenient = is_lenient

    def __missing__(self, name: str) -> str:
        if self._is_lenient and name == "metric":
            return ""
        raise KeyError(name)


class TemplateOptions(Options):
    """The templates of a Source, in order."""

    templates: tuple[Template, ...] = Field(default=(), max_length=MAX_TEMPLATES)

    @field_validator("templates")
    @classmethod
    def _few_slow(cls, given: tuple[Template, ...]) -> tuple[Template, ...]:
        slow = [one.topic for one in given if is_slow(one.topic)]
        if len(slow) > MAX_SLOW:
            raise ValueError(
                f"{len(slow)} templates have several parts of any length side by side, "
                f"{MAX_SLOW} may: {slow[0]!r}, for example"
            )
        return given


@lru_cache(maxsize=2_048)
def _search(expression: str) -> Any:
    return jmespath.compile(expression)


def _find(expression: str, value: object) -> Any:
    """Return what `expression` finds; None: nothing, or it does not fit the payload."""
    try:
        return _search(expression).search(value)
    except JMESPathError:
        return None


class ByTemplate(Convention):
    """What templates make of packets."""

    name: ClassVar[str] = "templates"
    label: ClassVar[str] = "Templates"
    Options: ClassVar[type[Options]] = TemplateOptions

    def __init__(self, options: Any = None, state: State | None = None) -> None:
        """Prepare to read the packets of one Source."""
        super().__init__(options, state)
        self._templates = FirstMatch((compiled(one.topic), one) for one in self.options.templates)
        self.shared_filters = self._templates.filters

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what the first template that matches says; None: none does."""
        found = self._templates.of(packet.topic)
        return None if found is None else list(_read(*found, packet, limits))


def _read(
    template: Template, captured: Mapping[str, str], packet: Packet, limits: Limits
) -> Sequence[DeviceMessage]:
    if template.kind == "ignore" or not packet.payload:
        return []
    value = parse(packet, limits)
    if template.kind == "presence":
        return _presence(template, captured, value)
    if template.zone:
        limits = replace(limits, zone=zone_of(template.zone))
    messages: dict[str, DeviceMessage] = {}
    items = _items(template, value)
    most = MAX_FOLLOWED // template.path_length
    if len(items) > most:
        raise Undecodable(
            "too_many_samples", f"{len(items)} records, {most} are read by so many paths at once"
        )
    for index, item in enumerate(items):
        device = _device(template, captured, item, packet)
        message = messages.setdefault(device, DeviceMessage(device))
        _take(template, captured, message, packet, index, item, limits)
    for message in messages.values():
        _finish(template, message)
    return list(messages.values())


def _items(template: Template, value: object) -> list[Any]:
    if not template.explode:
        return [value]
    found = _find(template.explode, value)
    return found if isinstance(found, list) else []


def _device(template: Template, captured: Mapping[str, str], item: object, packet: Packet) -> str:
    """Return the device's id: of the payload, where it names it, else of the topic."""
    if template.device_path:
        found = _find(template.device_path, item)
        parts = found if isinstance(found, list) else [found]
        told = [str(part) for part in parts if isinstance(part, str | int) and str(part)]
        if told:
            return "/".join(told)
    return template.device.format_map(captured) or packet.topic


def _take(
    template: Template,
    captured: Mapping[str, str],
    message: DeviceMessage,
    packet: Packet,
    index: int,
    item: object,
    limits: Limits,
) -> None:
    metric = template.metric.format_map(_Lenient(captured, True)).replace("/", ".")  # noqa: FBT003
    for place, record in enumerate(_records(template, item, metric, limits)):
        take(message, packet, index + place, record, limits)
        if record.described:
            _describe(message, record.described)
    if template.name_path:
        name = _find(template.name_path, item)
        if isinstance(name, str) and name:
            before = message.description or Description()
            message.description = replace(before, name=name)


def _records(template: Template, item: object, metric: str, limits: Limits) -> Iterator[Record]:
    given = _find(template.time_path, item) if template.time_path else None
    if template.values:
        found = {name: _find(text, item) for name, text in template.values.items()}
        named = {_joined(metric, name): one for name, one in found.items() if one is not None}
        made = [Record(named)]
    else:
        made = records(item, metric or _only(item), limits)
    unit = _find(template.unit_path, item) if template.unit_path else None
    for record in made:
        told = dict(record.described)
        if isinstance(unit, str):
            one = SeriesDescription(unit=units.normalised(unit), unit_as_sent=unit)
            told = dict.fromkeys(record.values, one)
        at = record.given if given is None else given
        yield Record(record.values, ABSENT if at is None else at, told)


def _only(item: object) -> str:
    """Return the name of a bare value that no topic names."""
    return "" if isinstance(item, dict | list) else "value"


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _describe(message: DeviceMessage, series: Mapping[str, SeriesDescription]) -> None:
    message.description = with_series(message.description, series)


def _finish(template: Template, message: DeviceMessage) -> None:
    """Do with each metric what the template says, and refuse what has no good value at all."""
    if template.metrics:
        kept = [_changed(sample, template.metrics.get(sample.metric)) for sample in message.samples]
        message.samples = [sample for sample in kept if sample is not None]
        told = template.told
        if told:
            present = [one.metric for one in message.samples if one.metric in told]
            _describe(message, {metric: told[metric] for metric in present})
    if message.bad and not (message.samples or message.expired):
        raise message.no_value()


def _changed(sample: Sample, told: Metric | None) -> Sample | None:
    """Return a sample as its metric is set up; None: it is no reading."""
    if told is None:
        return sample
    if told.ignore:
        return None
    value, kind, text = sample.value, sample.kind, sample.text
    word = text if text is not None else ("" if value is None else str(value))
    if word in told.texts:
        value, kind, text = told.texts[word], "number", None
    elif (
        value is not None and kind in {"number", "numeral"} and (told.scale, told.offset) != (1, 0)
    ):
        value, kind, text = value * told.scale + told.offset, "number", None
    return Sample(told.name or sample.metric, sample.ts, kind, value, text)


def _presence(
    template: Template, captured: Mapping[str, str], value: object
) -> Sequence[DeviceMessage]:
    if isinstance(value, dict):
        value = value.get("state", value.get("status", value.get("online", "")))
    word = str(value).strip().strip('"').lower()
    message = DeviceMessage(template.device.format_map(captured))
    if word in template.online:
        message.status = "online"
    elif word in template.offline:
        message.status = "offline"
    return [message] if message.status else []


__all__ = ["ByTemplate", "Metric", "Template", "TemplateOptions"]
