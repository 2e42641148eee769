"""From a discovery message to entities: which topics tell what of which device."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devices import units
from mqtt_ingest.core.conventions.homeassistant.abbreviations import expanded
from mqtt_ingest.core.descriptions import MAX_NAME, MAX_STATES, Kind, SeriesDescription

# Of one announcement; a device announces as many entities as it has.
MAX_ENTITIES = 200
_ON_OFF = ("binary_sensor", "switch", "siren", "fan", "light", "humidifier", "valve", "lock")


@dataclass(frozen=True, slots=True)
class Reading:
    """A topic, what of it is a value, and what is known of that.

    Args:
        topic: that brings it.
        template: what of the payload it is; empty: all of it.
        metric: its name.
        words: for true and false, where it is one of them.
        described: unit, kind, label.
        member: of the payload, where that is an object and there is no template.
    """

    topic: str
    template: str
    metric: str
    words: tuple[str, str] | None
    described: SeriesDescription
    member: str = ""


@dataclass(frozen=True, slots=True)
class Availability:
    """A topic that tells whether the device is there."""

    topic: str
    template: str
    available: str
    not_available: str


@dataclass(frozen=True, slots=True)
class Announced:
    """What one discovery message announces of one device."""

    device: str
    own: Mapping[str, str]
    readings: tuple[Reading, ...]
    availability: tuple[Availability, ...]


def read(message: Mapping[str, Any], component: str, path: str) -> Announced | None:
    """Return what a message announces; None: nothing that can be measured.

    Args:
        message: the payload.
        component: of the topic, or `device`.
        path: of the topic between component and `config`.
    """
    given = expanded(dict(message))
    device = given.get("device")
    told: Mapping[str, Any] = device if isinstance(device, dict) else {}
    native_id = _identifier(told) or path
    own = _own(told)
    if component == "device":
        shared = {k: v for k, v in given.items() if k not in {"device", "components", "origin"}}
        if "options" in shared:
            # Of all entities: cut once, and shared.
            shared["options"] = _states(shared["options"])
        components = given.get("components")
        entities = (
            [
                ({**shared, **one}, str(one.get("platform", "")), key[:_LONGEST])
                for key, one in list(components.items())[:MAX_ENTITIES]
            ]
            if isinstance(components, dict)
            else []
        )
    else:
        entities = [(given, component, path.rsplit("/", 1)[-1])]
    readings = [
        reading for one, kind, key in entities for reading in _readings(one, kind, key, native_id)
    ]
    present = {one for entity, _kind, _key in entities for one in _availability(entity)}
    if not readings and not present:
        return None
    ordered = tuple(sorted(present, key=lambda one: one.topic))
    return Announced(native_id, own, tuple(readings), ordered)


def _identifier(device: Mapping[str, Any]) -> str:
    """Return by what a device calls itself: its first identifier, else its first connection."""
    ids = device.get("identifiers")
    first = ids[0] if isinstance(ids, list) and ids else ids
    if isinstance(first, str | int) and str(first):
        return str(first)
    connections = device.get("connections")
    first = connections[0] if isinstance(connections, list) and connections else None
    if isinstance(first, list) and first:
        return str(first[-1])
    return ""


def _own(device: Mapping[str, Any]) -> dict[str, str]:
    names = {
        "name": device.get("name"),
        "model": device.get("model"),
        "manufacturer": device.get("manufacturer"),
        "firmware": device.get("sw_version"),
        "place": device.get("suggested_area"),
    }
    return {key: str(one) for key, one in names.items() if isinstance(one, str | int | float)}


_PRESENT = ("payload_available", "payload_not_available")


def _availability(entity: Mapping[str, Any]) -> Iterator[Availability]:
    listed = entity.get("availability")
    entries = listed if isinstance(listed, list) else []
    single = entity.get("availability_topic")
    if isinstance(single, str):
        entries = [
            {
                **{name: entity[name] for name in _PRESENT if name in entity},
                "topic": single,
                "value_template": entity.get("availability_template", ""),
            }
        ]
    for one in entries[:8]:
        if isinstance(one, dict) and isinstance(one.get("topic"), str) and one["topic"]:
            yield Availability(
                one["topic"],
                str(one.get("value_template") or ""),
                str(one.get("payload_available", "online")),
                str(one.get("payload_not_available", "offline")),
            )


# Component -> what it tells: (topic, templates, what is added to the metric, unit).
_MORE: dict[str, tuple[tuple[str, tuple[str, ...], str, str], ...]] = {
    "climate": (
        (
            "current_temperature_topic",
            ("current_temperature_template",),
            "current_temperature",
            "°C",
        ),
        ("temperature_state_topic", ("temperature_state_template",), "temperature", "°C"),
        ("current_humidity_topic", ("current_humidity_template",), "current_humidity", "%"),
        ("mode_state_topic", ("mode_state_template",), "mode", ""),
        ("action_topic", ("action_template",), "action", ""),
        ("fan_mode_state_topic", ("fan_mode_state_template",), "fan_mode", ""),
    ),
    "cover": (
        ("position_topic", ("position_template", "value_template"), "position", "%"),
        ("tilt_status_topic", ("tilt_status_template",), "tilt", "%"),
    ),
    "light": (("brightness_state_topic", ("brightness_value_template",), "brightness", ""),),
    "fan": (("percentage_state_topic", ("percentage_value_template",), "percentage", "%"),),
}
_SILENT = frozenset(
    {"button", "scene", "tag", "device_automation", "camera", "image", "notify", "update", "event"}
    | {"device_tracker", "text", "alarm_control_panel"}
)


def _readings(
    entity: Mapping[str, Any], component: str, key: str, device: str
) -> Iterator[Reading]:
    if component in _SILENT:
        return
    metric = _metric(entity, key, device)
    topic = entity.get("state_topic")
    if isinstance(topic, str) and topic and not ({"+", "#"} & set(topic)):
        template = entity.get("value_template") or entity.get("state_value_template") or ""
        is_object = entity.get("schema") == "json" and not template
        yield Reading(
            topic,
            str(template),
            metric,
            _words(entity, component),
            _described(entity, component),
            "state" if is_object else "",
        )
        if is_object and entity.get("brightness"):
            yield Reading(
                topic, "", f"{metric}.brightness", None, SeriesDescription(), "brightness"
            )
    for name, templates, added, unit in _MORE.get(component, ()):
        other = entity.get(name)
        if isinstance(other, str) and other and not ({"+", "#"} & set(other)):
            template = next((entity[one] for one in templates if entity.get(one)), "")
            told = str(entity.get("temperature_unit") or "") if unit == "°C" else unit
            described = SeriesDescription(unit=units.normalised(told or unit))
            yield Reading(other, str(template), f"{metric}.{added}", None, described)


_ENDS, _LONGEST = "-_:. ", 200


def _metric(entity: Mapping[str, Any], key: str, device: str) -> str:
    """Return an entity's name as a metric: its own id, without the device's at the front."""
    short = key.removeprefix(device).strip(_ENDS)
    return short or key.strip(_ENDS) or str(entity.get("name") or "state")[:_LONGEST]


def _words(entity: Mapping[str, Any], component: str) -> tuple[str, str] | None:
    if component not in _ON_OFF:
        return None
    on = entity.get("state_on", entity.get("payload_on", "LOCKED" if component == "lock" else "ON"))
    off = entity.get(
        "state_off", entity.get("payload_off", "UNLOCKED" if component == "lock" else "OFF")
    )
    return _word(on), _word(off)


def _word(value: object) -> str:
    """Return a word as a template writes it: Python's way."""
    return str(value)


def _described(entity: Mapping[str, Any], component: str) -> SeriesDescription:
    unit = entity.get("unit_of_measurement")
    spelt = unit if isinstance(unit, str) else ""
    name, precision = entity.get("name"), entity.get("suggested_display_precision")
    expires = entity.get("expire_after")
    options = entity.get("options")
    return SeriesDescription(
        unit=units.normalised(spelt),
        unit_as_sent=spelt,
        kind=_kind(entity, component, spelt),
        label=name if isinstance(name, str) else "",
        decimals=precision if isinstance(precision, int) and 0 <= precision <= 12 else None,
        states=_states(options),
        counts_up=True if entity.get("state_class") == "total_increasing" else None,
        cadence_s=float(expires) if isinstance(expires, int | float) and expires else None,
    )


def _states(options: object) -> tuple[str, ...]:
    """Return the words of an enumeration, cut; as they are where that was done already."""
    if isinstance(options, tuple):
        return options
    return (
        tuple(str(one)[:MAX_NAME] for one in options[:MAX_STATES])
        if isinstance(options, list)
        else ()
    )


def _is_text(device_class: object) -> bool:
    return isinstance(device_class, str) and device_class in {"enum", "timestamp", "date"}


def _kind(entity: Mapping[str, Any], component: str, unit: str) -> Kind | None:
    if component in _ON_OFF:
        return "boolean"
    if component == "select" or _is_text(entity.get("device_class")):
        return "text"
    if unit or entity.get("state_class") or component == "number":
        return "number"
    return None
