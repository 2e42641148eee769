"""Announcements kept, and packets read by them.

Other conventions come first: what one of them reads, this one only describes, so that a gadget
that is announced here and speaks a convention of its own is one device.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import orjson
from pydantic import Field

from mqtt_ingest.core.conventions.base import Convention, Options
from mqtt_ingest.core.conventions.homeassistant.announcements import (
    Announced,
    Availability,
    Reading,
    read,
)
from mqtt_ingest.core.conventions.homeassistant.value_templates import (
    SHORT,
    Budget,
    NoValue,
    Unsupported,
    json_of,
    path_of,
    render,
)
from mqtt_ingest.core.conventions.recognising import Evidence, Observation
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.conventions.templates import compiled
from mqtt_ingest.core.descriptions import Description
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet, Sample
from mqtt_ingest.core.payloads import decode_text
from mqtt_ingest.core.records import Record, take


class DiscoveryOptions(Options):
    """Where announcements are."""

    prefixes: tuple[str, ...] = Field(
        default=("homeassistant",), description="Topics that announcements are below."
    )


_COMPONENTS = (
    "sensor|binary_sensor|switch|number|select|climate|cover|light|fan|lock|humidifier|valve|device"
    "|button|event|siren|text|update|water_heater|device_automation"
)
_ANNOUNCED = [
    compiled(f"{{prefix*}}/{{component:{_COMPONENTS}}}/{rest}/config") for rest in ("+", "+/+")
]


# Topics that announcements may name together, and entities that may read one of them.
MAX_TOPICS, MAX_USES = 20_000, 250
# Characters of the templates of one topic together; and how many of them may be long: there are
# topics enough that trees of long ones are made anew for each packet.
MAX_TEMPLATES, MAX_LONG = 20_000, 20
# Of all announcements together: each has its label, unit and states in memory.
MAX_READINGS = 20_000


@dataclass(frozen=True, slots=True)
class _Use:
    """What a topic tells, of which announcement."""

    announced: Announced
    reading: Reading | None = None
    availability: Availability | None = None

    @property
    def template(self) -> str:
        """Return by which template the payload is read."""
        told = self.reading or self.availability
        return told.template if told is not None else ""


class HomeAssistant(Convention):
    """Entities that measure something, as far as their templates can be interpreted."""

    name: ClassVar[str] = "homeassistant"
    label: ClassVar[str] = "Home Assistant discovery"
    Options: ClassVar[type[Options]] = DiscoveryOptions
    is_stateful: ClassVar[bool] = True
    comes_last: ClassVar[bool] = True

    def __init__(self, options: Any = None, state: State | None = None) -> None:
        """Prepare to read the packets of one Source."""
        super().__init__(options, state)
        # By the key of its announcement what is announced, and by topic what that tells.
        self._announced: dict[str, Announced] = {}
        self._uses: dict[str, list[_Use]] = {}
        self._readings = 0
        for key, message in self.state.items():
            # What an earlier release remembered may be more than this one reads.
            with contextlib.suppress(Undecodable):
                self._add(key, _worked_out(key, message))
        self._subscribe()

    @classmethod
    def recognise(cls, observed: Sequence[Observation]) -> Evidence | None:
        """Recognise announcements, below whatever prefix."""
        prefixes = {
            found["prefix"]: one.topic
            for one in observed
            for template in _ANNOUNCED
            for found in [template.match(one.topic)]
            if found is not None and any(b"{" in packet.payload for packet in one.packets)
        }
        if not prefixes:
            return None
        reasons = [f"announcements such as {topic}" for topic in list(prefixes.values())[:3]]
        is_usual = set(prefixes) == {"homeassistant"}
        return ({} if is_usual else {"prefixes": tuple(sorted(prefixes))}), reasons

    def _add(self, key: str, announced: Announced | None) -> None:
        """Note which topics tell what of an announcement."""
        if announced is None:
            return
        if self._readings + len(announced.readings) > MAX_READINGS:
            self.note(key, f"more than {MAX_READINGS:,} values are announced")
            return
        self._announced[key] = announced
        self._readings += len(announced.readings)
        for topic, use in _uses(announced):
            if topic not in self._uses and len(self._uses) >= MAX_TOPICS:
                self.note(topic, f"more than {MAX_TOPICS:,} topics are announced")
                continue
            uses = self._uses.setdefault(topic, [])
            if len(uses) >= MAX_USES:
                self.note(topic, f"more than {MAX_USES} entities read one topic")
            elif sum(len(one.template) for one in uses) + len(use.template) > MAX_TEMPLATES:
                # Trees of templates are kept as far as there is room, else made for each packet.
                self.note(topic, f"templates of more than {MAX_TEMPLATES:,} characters for a topic")
            elif len(use.template) > SHORT and sum(map(_is_long, uses)) >= MAX_LONG:
                self.note(topic, f"more than {MAX_LONG} templates of more than {SHORT} characters")
            else:
                uses.append(use)

    def _remove(self, key: str) -> None:
        """Forget what an announcement told."""
        gone = self._announced.pop(key, None)
        self._readings -= len(gone.readings) if gone is not None else 0
        for topic in {topic for topic, _use in _uses(gone)} if gone is not None else ():
            kept = [use for use in self._uses.get(topic, ()) if use.announced is not gone]
            if kept:
                self._uses[topic] = kept
            else:
                self._uses.pop(topic, None)

    def _subscribe(self) -> None:
        """Have what is announced subscribed."""
        own = [f"{prefix}/{rest}" for prefix in self.options.prefixes for rest in _CONFIGS]
        self.shared_filters = (*own, *self._uses)

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Take an announcement, or read a packet by those that name its topic."""
        key = self._config(packet.topic)
        if key is not None:
            self._announce(key, packet, limits)
            return []
        uses = self._uses.get(packet.topic)
        if uses is None:
            return None
        if not packet.payload:
            return []
        payload = _Payload(decode_text(packet.payload, limits))
        messages: dict[str, DeviceMessage] = {}
        for use in uses:
            device = use.announced.device
            message = messages.setdefault(device, DeviceMessage(device))
            if use.reading is not None:
                self._read(message, packet, payload, use, limits)
            else:
                assert use.availability is not None
                self._availability(message, payload, use.availability)
        return [one for one in messages.values() if one.samples or one.status or one.bad]

    def _config(self, topic: str) -> str | None:
        """Return under what an announcement is kept; None: `topic` brings none."""
        for prefix in self.options.prefixes:
            if topic.startswith(f"{prefix}/") and topic.endswith("/config"):
                rest = topic[len(prefix) + 1 : -len("/config")]
                if rest.count("/") in {1, 2}:
                    return rest
        return None

    def _announce(self, key: str, packet: Packet, limits: Limits) -> None:
        try:
            message = orjson.loads(decode_text(packet.payload, limits)) if packet.payload else None
        except orjson.JSONDecodeError:
            message = None
        given = message if isinstance(message, dict) and message else None
        # First: what cannot be read is not remembered either.
        announced = None if given is None else _worked_out(key, given)
        self._look_for_room(key, announced)
        if self.state.put(key, given):
            self._remove(key)
            self._add(key, announced)
            self._subscribe()

    def _look_for_room(self, key: str, announced: Announced | None) -> None:
        if announced is None:
            return
        before = self._announced.get(key)
        more = len(announced.readings) - (len(before.readings) if before else 0)
        if more > 0 and self._readings + more > MAX_READINGS:
            raise Undecodable("too_much_state", f"more than {MAX_READINGS:,} values are announced")

    def _read(
        self,
        message: DeviceMessage,
        packet: Packet,
        payload: "_Payload",
        use: _Use,
        limits: Limits,
    ) -> None:
        reading = use.reading
        assert reading is not None
        value = self._value(reading, payload)
        if value is None:
            return
        take(message, packet, 0, Record({reading.metric: value}), limits)
        before = message.description.series if message.description else {}
        message.description = Description(
            **use.announced.own, series={**before, reading.metric: reading.described}
        )

    def _value(self, reading: Reading, payload: "_Payload") -> object:
        """Return what a payload says of a reading; None: nothing."""
        try:
            found = (
                payload.member(reading.member)
                if reading.member
                else payload.render(reading.template)
            )
        except NoValue:
            return None
        except Unsupported as error:
            self.note(reading.template, str(error))
            return None
        if reading.words is not None and found in reading.words:
            return found == reading.words[0]
        return None if found in {"None", "unknown", ""} else found

    def _availability(
        self, message: DeviceMessage, payload: "_Payload", told: Availability
    ) -> None:
        try:
            word = payload.render(told.template)
        except (NoValue, Unsupported) as error:
            if isinstance(error, Unsupported):
                self.note(told.template, str(error))
            return
        if word == told.available:
            message.status = "online"
        elif word == told.not_available:
            message.status = "offline"

    def describe(self, packet: Packet, messages: Sequence[DeviceMessage]) -> None:
        """Add what is announced to what another convention reads from the same topic."""
        uses = self._uses.get(packet.topic)
        if not uses or len(messages) != 1 or not messages[0].samples:
            return
        message = messages[0]
        own = message.description or Description()
        series = dict(own.series)
        for use in uses:
            sample = None if use.reading is None else _sample(message.samples, use.reading)
            if sample is not None and use.reading is not None and sample.metric not in series:
                series[sample.metric] = use.reading.described
        told = {**uses[0].announced.own}
        told |= {name: getattr(own, name) for name in told if getattr(own, name)}
        message.description = Description(
            **told, parent=own.parent, series=series, **_rest(own, told)
        )


# One level of ids, or two; and those of whole devices.
_CONFIGS = ("+/+/config", "+/+/+/config")


def _is_long(use: _Use) -> bool:
    return len(use.template) > SHORT


def _rest(own: Description, told: dict[str, str]) -> dict[str, str]:
    names = ("name", "model", "manufacturer", "firmware", "place")
    return {name: getattr(own, name) for name in names if name not in told}


def _uses(announced: Announced) -> Iterator[tuple[str, _Use]]:
    for reading in announced.readings:
        yield reading.topic, _Use(announced, reading=reading)
    for availability in announced.availability:
        yield availability.topic, _Use(announced, availability=availability)


# A character that is kept counts as so many that are only made.
KEPT = 20


class _Payload:
    """A payload that many templates may read: parsed once, and within one budget."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._budget = Budget()

    @cached_property
    def _json(self) -> Any:
        return json_of(self._text)

    def render(self, template: str) -> str:
        """Return what a template makes of it."""
        if not template:
            return self._kept(self._text)
        return self._kept(render(template, self._text, self._json, self._budget))

    def member(self, name: str) -> str:
        """Return a member of it as a text."""
        value = self._json.get(name) if isinstance(self._json, dict) else None
        if value is None or isinstance(value, dict | list):
            raise NoValue(f"there is no {name}")
        return self._kept(str(value))

    def _kept(self, text: str) -> str:
        """Return what becomes a reading: each of its characters is stored, shown, and logged."""
        self._budget.spend(KEPT * len(text))
        return text


def _worked_out(key: str, message: Any) -> Announced | None:
    """Return what is announced; None: nothing that can be measured.

    Raises:
        Undecodable: it is laid out as no announcement is.
    """
    component, _, path = key.partition("/")
    try:
        return read(message, component, path)
    except Exception as error:
        # Whoever may publish writes them; whatever is wrong concerns this one alone.
        raise Undecodable("not_an_announcement", f"{key[:200]}: {error!r}"[:500]) from error


def _sample(samples: Sequence[Sample], reading: Reading) -> Sample | None:
    """Return the sample that an announced reading is, as another convention read it."""
    path = path_of(reading.template)
    if path is None:
        return samples[0] if len(samples) == 1 and not reading.template else None
    dotted = ".".join(str(part) for part in path)
    for sample in samples:
        if sample.metric == dotted or sample.metric.endswith(f".{dotted}"):
            return sample
    return None
