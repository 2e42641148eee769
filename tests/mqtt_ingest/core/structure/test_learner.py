"""What is proposed by structure: which level is the device, and ids that tell devices apart."""

from itertools import product

import pytest

from mqtt_ingest import conf
from mqtt_ingest.core.discovery import TEMPLATES, propose_sources
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.structure import observations
from mqtt_ingest.core.structure.observations import Sample
from mqtt_ingest.finding import proposals
from tests.support.factories import make_packet

NOW = 1_763_640_000_000_000


def sample(packets: dict[str, str]) -> Sample:
    made = Sample()
    for number, (topic, payload) in enumerate(packets.items()):
        made.add(Packet(topic, payload.encode(), NOW + number, 1))
    return made


def found(packets: dict[str, str]) -> dict[str, set[str]]:
    """Return the metrics of each device, as the proposed Source reads them."""
    heard = sample(packets)
    (proposal,) = propose_sources(heard, conf.limits(), [])
    assert proposal.convention == TEMPLATES
    previews = proposals.preview(proposal, heard).devices
    return {one.native_id: set(one.values) for one in previews}


def scalars(*levels: str) -> dict[str, str]:
    """Return a packet with a number for each combination of `a|b` per level."""
    return {"/".join(one): "1.5" for one in product(*(level.split("|") for level in levels))}


@pytest.mark.parametrize(
    ("packets", "devices", "metrics"),
    [
        pytest.param(
            scalars("works", "press-1|press-2", "oil", "temperature|pressure"),
            {"press-1", "press-2"},
            {"oil.temperature", "oil.pressure"},
            id="a device with parts",
        ),
        pytest.param(
            scalars("works", "line-1|line-2", "press-1|press-2", "temperature|speed"),
            {f"line-{line}/press-{press}" for line in (1, 2) for press in (1, 2)},
            {"temperature", "speed"},
            id="names that come again below numbered groups",
        ),
        pytest.param(
            scalars("works", "north|south", "floor1|floor2", "mixer|filler", "power|energy"),
            {
                f"{site}/{floor}/{name}"
                for site in ("north", "south")
                for floor in ("floor1", "floor2")
                for name in ("mixer", "filler")
            },
            {"power", "energy"},
            id="names that come again two levels up",
        ),
        pytest.param(
            scalars("lab", "a|b", "a4c1380f11e2|a4c1380f77b9", "temperature"),
            {"a4c1380f11e2", "a4c1380f77b9"},
            {"temperature"},
            id="addresses tell themselves apart",
        ),
    ],
)
def test_devices_are_told_apart(
    packets: dict[str, str], devices: set[str], metrics: set[str]
) -> None:
    told = found(packets)
    assert set(told) == devices
    assert all(one == metrics for one in told.values())


def test_reasons_and_confidence_are_told() -> None:
    heard = sample(scalars("works", "press-1|press-2", "temperature"))
    (proposal,) = propose_sources(heard, conf.limits(), [])
    (template,) = proposal.templates
    assert template.template.topic == "works/{device}/{metric*}"
    assert template.reasons[0] == "2 names at one level with the same below them"
    assert 0.5 < template.confidence < 1


def test_presence_belongs_to_the_device_that_its_readings_make() -> None:
    packets = scalars("works", "line-1|line-2", "press-1|press-2", "temperature")
    for line, press in product((1, 2), (1, 2)):
        packets[f"works/line-{line}/press-{press}/online"] = "true"
    assert set(found(packets)) == {f"line-{a}/press-{b}" for a in (1, 2) for b in (1, 2)}


def test_what_names_no_device_is_left_out() -> None:
    told = scalars("works", "press-1|press-2", "temperature")
    told |= {
        "online": "true",
        "works/press-1/event/door": "opened",
        "works/press-1/event/n": "5",
        "works/{odd}/heat": "1",
    }
    devices = found(told)
    assert "door" not in str(devices)
    assert set(found(scalars("pla{nt}", "press-1|press-2", "heat"))) == {"press-1", "press-2"}
    assert {"press-1", "press-2"} <= set(devices)


def test_a_topic_of_one_level_is_a_device_and_its_metric() -> None:
    assert found({"temperature": "1.5"}) == {"temperature": {"value"}}


def test_names_that_come_again_far_up_keep_all_levels() -> None:
    told = scalars("works", "a|b", "x", "y", "z", "machine-1|machine-2", "speed")
    assert {one.rsplit("/", 1)[-1] for one in found(told)} == {"machine-1", "machine-2"}
    assert len(found(told)) == 4


def test_a_sample_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observations, "MAX_TOPICS", 2)
    made = sample({"a": "1", "b": "1", "c": "1", "d": "1"})
    assert (len(made), made.left_out, made.packets) == (2, 2, 4)


def test_bytes_that_are_no_text_are_no_value() -> None:
    assert observations.value_of(make_packet("a", b"\xff\xfe")) is None
    assert observations.value_of(make_packet("a", "\x01\x02")) is None
    assert observations.value_of(make_packet("a", "+5")) == 5
