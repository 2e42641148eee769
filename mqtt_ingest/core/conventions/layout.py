"""Conventions that are told by rules: which topics say what of which device.

Most ecosystems differ in nothing but their topics, their words and their units. Such a
convention is a class with a table:

    class Espeasy(Layout):
        name, label = "espeasy", "ESPEasy"
        rules = (
            presence("{device}/LWT", online=("Connected",), offline=("Connection Lost",)),
            values("{device}/{metric*}"),
        )

The first rule whose topic matches has the packet. `{base}` stands for each of the topics that
the Source's options name; a template may use `{device}`, `{parent}`, `{metric*}` and names of
its own, which `device=` and `metric=` put together.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from devices import units
from mqtt_ingest.core.conventions.base import Convention, Options
from mqtt_ingest.core.conventions.recognising import Evidence, Observation, topics_with
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.conventions.templates import REMEMBERED, FirstMatch, TopicTemplate, compiled
from mqtt_ingest.core.descriptions import (
    MAX_NAME,
    Description,
    SeriesDescription,
    with_series,
)
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet, Sample
from mqtt_ingest.core.reading import USUAL, Style, parse, plain, records
from mqtt_ingest.core.records import ABSENT, Record, take


class NotMine(Exception):
    """A packet whose topic matches, and whose payload tells that it is of another kind."""


ONLINE = ("online", "connected", "true", "1", "2", "ready", "running", "alive", "up")
OFFLINE = (
    *("offline", "disconnected", "connection lost", "false", "0", "lost", "stopped", "dead"),
    *("connectionbroken", "connection_broken", "down"),
)


@dataclass(slots=True)
class Said:
    """What a packet says, while it is being read.

    Args:
        packet: it.
        limits: of the source.
        topic: what the rule's template captured.
        convention: that reads it.
    """

    packet: Packet
    limits: Limits
    topic: Mapping[str, str]
    convention: "Layout"
    messages: dict[str, DeviceMessage] = field(default_factory=dict)

    def of(self, native_id: str) -> DeviceMessage:
        """Return the message of the device, begun where there is none yet."""
        message = self.messages.get(native_id)
        if message is None:
            message = self.messages[native_id] = DeviceMessage(native_id)
        return message

    def describe(self, native_id: str, **said: Any) -> None:
        """Say something about a device; see `Description`."""
        message = self.of(native_id)
        told = with_series(message.description, said.pop("series", {}))
        news = {name: one for name, one in said.items() if one and one != getattr(told, name)}
        message.description = self.convention.described(told, news) if news else told

    def take(self, native_id: str, record: Record, index: int = 0) -> None:
        """Add a record's values to what is said of the device, with the units that are known."""
        message = self.of(native_id)
        before = len(message.samples)
        take(message, self.packet, index, record, self.limits)
        if not (before or record.described or message.description):
            message.description = self.convention.units_of(message.samples)
            return
        described = dict(record.described)
        for sample in message.samples[before:]:
            if sample.metric not in described and sample.kind not in _WITHOUT_UNIT:
                unit = self.convention.unit_of(sample.metric)
                if unit:
                    described[sample.metric] = SeriesDescription(unit=unit, unit_as_sent=unit)
        if described:
            self.describe(native_id, series=described)

    def read(
        self, native_id: str, value: object, metric: str = "", style: Style | None = None
    ) -> None:
        """Add what a payload, or a part of it, says of the device."""
        made = records(value, metric, self.limits, style or self.convention.style)
        for index, record in enumerate(made):
            self.take(native_id, record, index)


_WITHOUT_UNIT = frozenset({"boolean", "word"})
# Units of so many metrics together are remembered.
_FEW, _SETS = 32, 1_024
Reader = Callable[[Said], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A topic template with what is read from its packets.

    Args:
        topic: the template.
        read: adds to what is said; None: such packets say nothing.
        tells: packets like these belong to no other convention; or whether one does.
    """

    topic: str
    read: Reader | None
    tells: bool | Callable[[Packet], bool] = False
    # It tells below whatever topics people have chosen for `{base}`.
    anywhere: bool = False


def values(
    topic: str,
    device: str = "{device}",
    metric: str = "{metric}",
    *,
    style: Style | None = None,
    tells: bool | Callable[[Packet], bool] = False,
    anywhere: bool = False,
) -> Rule:
    """Return the rule of a topic with readings: bare, or JSON of any usual shape.

    Args:
        topic: the template.
        device: the device's native id, put together of what the template captures.
        metric: the name of a bare value, and before the names of others; slashes become dots.
        style: of the payload, where it is another one than the convention's.
        tells: see `Rule`.
        anywhere: see `Rule`.
    """

    def read(said: Said) -> None:
        if said.packet.payload:
            said.read(
                device.format_map(said.topic),
                parse(said.packet, said.limits),
                _metric(metric, said.topic),
                style,
            )

    return Rule(topic=topic, read=read, tells=tells, anywhere=anywhere)


def _metric(template: str, captured: Mapping[str, str]) -> str:
    if template == "{metric}":
        return captured.get("metric", "").replace("/", ".")
    return template.format_map(captured).replace("/", ".")


def presence(
    topic: str,
    device: str = "{device}",
    *,
    online: Sequence[str] = ONLINE,
    offline: Sequence[str] = OFFLINE,
    path: str = "",
    tells: bool = False,
    anywhere: bool = False,
) -> Rule:
    """Return the rule of a topic that tells whether a device is there.

    Args:
        topic: the template.
        device: the device's native id.
        online: words for that it is, in small letters.
        offline: words for that it is not.
        path: the member that holds the word, where the payload is an object.
        tells: see `Rule`.
        anywhere: see `Rule`.
    """

    def read(said: Said) -> None:
        word = word_of(said, path)
        if word in online:
            said.of(device.format_map(said.topic)).status = "online"
        elif word in offline:
            said.of(device.format_map(said.topic)).status = "offline"

    return Rule(topic=topic, read=read, tells=tells, anywhere=anywhere)


def word_of(said: Said, path: str = "") -> str:
    """Return the one word of a payload, in small letters: the text, or the member `path`."""
    value = parse(said.packet, said.limits) if said.packet.payload else ""
    for name in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(name, "")
    if isinstance(value, dict):
        value = value.get("state", value.get("status", ""))
    return str(value).strip().strip('"').lower()


def _tells(rule: Rule, packets: Sequence[Packet]) -> bool:
    told = [packet for packet in packets if packet.payload]
    if callable(rule.tells):
        return bool(topics_with([_One("", told)], rule.tells))
    return bool(told) or rule.read is None


class _One(NamedTuple):
    topic: str
    packets: Sequence[Packet]


def nothing(*topics: str) -> tuple[Rule, ...]:
    """Return rules of topics that say nothing: commands, settings, logs."""
    return tuple(Rule(topic=topic, read=None) for topic in topics)


class BaseOptions(Options):
    """Options of a convention below topics that people may choose."""

    bases: tuple[str, ...] = Field(
        default=(), description="The topics that everything is below; empty: the usual one."
    )


class Layout(Convention):
    """A convention by rules."""

    Options: ClassVar[type[Options]] = BaseOptions
    rules: ClassVar[tuple[Rule, ...]] = ()
    # The usual topics that everything is below, for rules with `{base}`.
    bases: ClassVar[tuple[str, ...]] = ()
    style: ClassVar[Style] = USUAL
    # A metric's last part, plain (small, without signs and digits at its end) -> its unit.
    units: ClassVar[Mapping[str, str]] = {}
    # The same by an expression that the whole metric must match; asked first.
    unit_patterns: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __init__(self, options: Any = None, state: State | None = None) -> None:
        """Prepare to read the packets of one Source."""
        super().__init__(options, state)
        chosen = getattr(self.options, "bases", ()) or self.bases
        self._rules = FirstMatch(
            (compiled(rule.topic, base), rule)
            for rule in self.rules
            for base in (chosen if "{base}" in rule.topic else ("",))
        )
        self.shared_filters = self._rules.filters
        self._unit_patterns = [(re.compile(text), unit) for text, unit in self.unit_patterns]
        self._units: dict[str, str] = {}
        # Of the metrics of a packet: what is said of their units.
        self._said: dict[tuple[str, ...], Description | None] = {}
        # What was said of a device besides, by the mark of that and what more was said.
        self._described: dict[tuple[Any, ...], Description] = {}

    @classmethod
    def recognise(cls, observed: Sequence[Observation]) -> Evidence | None:
        """Return the topics that everything is below, as rules that tell find them."""
        bases: dict[str, str] = {}
        example = ""
        for one in observed:
            for matcher, rule, base in cls._telling():
                found = matcher.match(one.topic)
                if found is not None and _tells(rule, one.packets):
                    example = example or one.topic
                    own = base or found.get("base", "")
                    if own:
                        bases.setdefault(own, one.topic)
        if not example:
            return None
        reasons = [f"topics such as {topic}" for topic in [*bases.values(), example][:3]]
        usual = set(bases) <= set(cls.bases)
        return ({} if usual else {"bases": tuple(sorted(bases))}), list(dict.fromkeys(reasons))

    @classmethod
    def _telling(cls) -> list[tuple[TopicTemplate, Rule, str]]:
        """Return the rules that tell: below usual topics, and those that do so anywhere."""
        found = []
        for rule in cls.rules:
            if rule.tells and "{base}" in rule.topic:
                found += [(compiled(rule.topic, base), rule, base) for base in cls.bases]
            elif rule.tells:
                found.append((compiled(rule.topic), rule, ""))
            if rule.anywhere:
                text = rule.topic.replace("{base}", "{base*}")
                found.append((compiled(text), rule, ""))
        return found

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what `packet` says by the first rule that matches; None: none does."""
        found = self._rules.of(packet.topic)
        if found is None:
            return None
        rule, captured = found
        said = Said(packet, limits, captured, self)
        if rule.read is not None:
            try:
                rule.read(said)
            except NotMine:
                return None
        return self.said(said)

    def said(self, said: Said) -> Sequence[DeviceMessage] | None:
        """Return the messages of a packet that was read."""
        messages = list(said.messages.values())
        if len(messages) == 1 and messages[0].bad:
            only = messages[0]
            if not (only.samples or only.status or only.expired or only.description):
                raise only.no_value()
        return messages

    def units_of(self, samples: Sequence[Sample]) -> Description | None:
        """Return the units that are known of `samples`; None: of none of them."""
        metrics = tuple([one[0] for one in samples if one[2] not in _WITHOUT_UNIT])
        if metrics in self._said:
            return self._said[metrics]
        told = {metric: unit for metric in metrics if (unit := self.unit_of(metric))}
        series = {
            metric: SeriesDescription(unit=unit, unit_as_sent=unit) for metric, unit in told.items()
        }
        said = Description(series=series) if series else None
        if len(metrics) <= _FEW:
            if len(self._said) >= _SETS:
                self._said.clear()
            self._said[metrics] = said
        return said

    def described(self, told: Description, news: Mapping[str, Any]) -> Description:
        """Return `told` with `news`: the same object where the same was said before."""
        is_long = any(isinstance(one, str) and len(one) > MAX_NAME for one in news.values())
        if is_long or told.is_growing or len(told.series) > _FEW:
            return replace(told, **news)
        key = (told.mark, *news.items())
        found = self._described.get(key)
        if found is None:
            if len(self._described) >= _SETS:
                self._described.clear()
            found = self._described[key] = replace(told, **news)
        return found

    def unit_of(self, metric: str) -> str:
        """Return the unit of a metric, as the ecosystem documents it; empty: it does not."""
        unit = self._units.get(metric)
        if unit is None:
            if len(self._units) >= REMEMBERED:
                self._units.clear()
            unit = self._units[metric] = self._unit(metric)
        return unit

    def _unit(self, metric: str) -> str:
        for pattern, unit in self._unit_patterns:
            if pattern.fullmatch(metric):
                return units.normalised(unit)
        parts = [part for part in metric.split(".") if not part.isdigit()]
        last = plain(parts[-1]) if parts else ""
        found = self.units.get(last) or self.units.get(last.rstrip("0123456789"), "")
        return units.normalised(found)


__all__ = ["ABSENT", "Layout", "NotMine", "Rule", "Said", "nothing", "presence", "values"]
