"""Templates that people write: what they can say, and how wrong ones are told."""

from typing import Any

import pydantic
import pytest

from mqtt_ingest.core import conventions
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage
from tests.support.factories import make_packet


def decode(template: dict[str, Any], topic: str, payload: str) -> list[DeviceMessage]:
    made = conventions.make("templates", {"templates": [template]})
    return list(made.decode(make_packet(topic, payload), Limits()) or [])


def values(template: dict[str, Any], topic: str, payload: str) -> dict[str, Any]:
    return {
        f"{message.native_id}/{one.metric}": one.text if one.value is None else one.value
        for message in decode(template, topic, payload)
        for one in message.samples
    }


def test_a_list_is_exploded_and_devices_named_by_paths() -> None:
    template = {
        "topic": "hub/all",
        "device": "hub",
        "explode": "nodes[]",
        "device_path": "[kind, id]",
        "name_path": "label",
        "values": {"temp": "m.t", "rh": "m.h"},
        "time_path": "at",
        "unit_path": "u",
    }
    payload = (
        '{"nodes": [{"kind": "th", "id": 7, "label": "Attic", "at": 1763680000, "u": "°C", '
        '"m": {"t": 21.5, "h": null}}, {"kind": "th", "id": 8, "m": {"t": 3}}]}'
    )
    assert values(template, "hub/all", payload) == {"th/7/temp": 21.5, "th/8/temp": 3.0}
    first = decode(template, "hub/all", payload)[0]
    assert first.description is not None
    assert (first.description.name, first.description.series["temp"].unit) == ("Attic", "°C")
    assert first.samples[0].ts == 1_763_680_000_000_000


def test_metrics_are_scaled_renamed_mapped_and_left_out() -> None:
    template = {
        "topic": "x/{device}",
        "metrics": {
            "t": {"name": "temperature", "scale": 0.1, "offset": -5, "unit": "C"},
            "door": {"texts": {"open": 1, "shut": 0}},
            "serial": {"ignore": True},
        },
    }
    assert values(template, "x/a", '{"t": 215, "door": "open", "serial": 9}') == {
        "a/temperature": 16.5,
        "a/door": 1.0,
    }


def test_times_without_a_zone_are_read_in_the_templates() -> None:
    template = {"topic": "x/{device}", "zone": "Europe/Berlin"}
    (message,) = decode(template, "x/a", '{"time": "2025-11-20T01:00:00", "t": 1}')
    assert message.samples[0].ts == 1_763_596_800_000_000


@pytest.mark.parametrize(
    ("template", "field"),
    [
        ({"topic": "a/{device"}, "topic"),
        ({"topic": "a/#/b"}, "topic"),
        ({"topic": "a/{x}"}, "device"),
        ({"topic": "a/{device}", "metric": "{nope}"}, "metric"),
        ({"topic": "a/{device}", "values": {"t": "a["}}, "values"),
        ({"topic": "a/{device}", "explode": "]"}, "explode"),
        ({"topic": "a/{device}", "zone": "Mars/Base"}, "zone"),
        ({"topic": "a/{device}", "kind": "other"}, "kind"),
        ({"topic": "a/{device}", "unknown": 1}, "unknown"),
        ({"topic": "a/{device:[}"}, "topic"),
    ],
)
def test_a_wrong_template_says_which_field(template: dict[str, Any], field: str) -> None:
    with pytest.raises(pydantic.ValidationError) as refused:
        conventions.make("templates", {"templates": [template]})
    assert field in str(refused.value)


def test_metrics_without_units_and_words_that_tell_no_presence() -> None:
    renamed = {"topic": "a/{device}/{metric}", "metrics": {"t": {"name": "heat", "scale": 2}}}
    assert values(renamed, "a/b/t", "5") == {"b/heat": 10}
    assert values(renamed, "a/b/u", "5") == {"b/u": 5}
    presence = {"topic": "a/{device}/lwt", "kind": "presence"}
    assert [one.status for one in decode(presence, "a/b/lwt", "offline")] == ["offline"]
    assert decode(presence, "a/b/lwt", "perhaps") == []
