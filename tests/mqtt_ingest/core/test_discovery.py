"""What a sample of a broker's packets is proposed to be read as."""

import json
from typing import Any

from mqtt_ingest.core import conventions
from mqtt_ingest.core.discovery import propose_sources
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.router import Route
from mqtt_ingest.core.structure.observations import Sample
from tests.corpus import lines
from tests.corpus.verdict import Found, Table
from tests.support.factories import make_packet

NOW = 1_796_000_000_000_000  # 2026-11-30, after all that was recorded


def sample_of(*told: tuple[str, Any]) -> Sample:
    sample = Sample()
    for topic, payload in told:
        text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        sample.add(make_packet(topic, text))
    return sample


def read(sample: Sample, *told: tuple[str, Any], **options: Any) -> dict[str, dict[str, Any]]:
    """Return what the proposed Sources make of packets: device -> metric -> value."""
    router = router_of(sample, **options)
    found: dict[str, dict[str, Any]] = {}
    for topic, payload in told:
        text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        for message in decode(make_packet(topic, text), router).messages or ():
            values = found.setdefault(message.native_id, {})
            for one in message.samples:
                values[one.metric] = one.text if one.value is None else one.value
    return found


def router_of(sample: Sample, **options: Any) -> Router:
    routes = []
    for one in propose_sources(sample, Limits(), **options):
        made = conventions.make(one.convention, one.options)
        filters = (*made.shared_filters, *made.ordered_filters)
        routes.append(Route(one.convention, made, Limits(), filters))
    return Router(routes)


def names(sample: Sample, **options: Any) -> list[str]:
    return [one.convention for one in propose_sources(sample, Limits(), **options)]


def test_conventions_are_recognised_below_topics_that_people_chose() -> None:
    sample = sample_of(
        ("attic/zigbee/bridge/state", {"state": "online"}),
        ("attic/zigbee/lamp", {"brightness": 12}),
        ("tele/plug/SENSOR", {"Time": "2026-11-20T00:00:00", "ENERGY": {"Power": 5}}),
    )
    assert names(sample) == ["tasmota", "zigbee2mqtt"]
    assert read(sample, ("attic/zigbee/lamp", {"brightness": 7})) == {"lamp": {"brightness": 7.0}}


def test_what_a_source_reads_already_is_not_proposed_again() -> None:
    sample = sample_of(("tele/plug/SENSOR", {"Time": "2026-11-20T00:00:00", "A": {"B": 1}}))
    known = router_of(sample).routes
    assert propose_sources(sample, Limits(), known) == []


def test_what_follows_no_convention_becomes_templates_with_reasons() -> None:
    sample = sample_of(
        *((f"halle/presse-{n}/oel/temperatur", str(40 + n)) for n in (1, 2, 3)),
        ("halle/presse-1/drehzahl", "1200"),
        ("halle/presse-2/drehzahl", "1100"),
    )
    (proposal,) = propose_sources(sample, Limits())
    assert proposal.convention == "templates"
    assert all(0 < one.confidence < 1 for one in proposal.templates)
    assert any(
        "names at one level" in reason for one in proposal.templates for reason in one.reasons
    )
    told = read(sample, ("halle/presse-9/oel/temperatur", "55"), ("halle/presse-9/drehzahl", "9"))
    assert told == {"presse-9": {"oel.temperatur": 55.0, "drehzahl": 9.0}}


def test_devices_that_share_a_topic_are_told_apart_by_the_payload() -> None:
    sample = sample_of(
        ("funk/alle", {"id": "a1", "temp": 1}), ("funk/alle", {"id": "b2", "temp": 2})
    )
    told = read(sample, ("funk/alle", {"id": "c3", "temp": 3}))
    assert list(told) == ["c3"]


def test_pictures_commands_and_presence_are_no_readings() -> None:
    sample = sample_of(
        ("yard/cam-1/temperature", "21"),
        ("yard/cam-1/picture", b"\xff\xd8\xff\x00"),
        ("yard/cam-1/light/set", "100"),
        ("yard/cam-1/status", "offline"),
    )
    router = router_of(sample)
    assert read(sample, ("yard/cam-1/light/set", "7"), ("yard/cam-1/picture", b"\xff")) == {}
    entry = decode(make_packet("yard/cam-1/status", "online"), router)
    assert [(one.native_id, one.status) for one in entry.messages or ()] == [("cam-1", "online")]


def test_a_gadget_that_is_announced_twice_is_one_device_with_its_announced_unit() -> None:
    sample = sample_of(
        ("shed/sensor/humidity/state", "61"),
        ("shed/status", "online"),
        (
            "homeassistant/sensor/shed/humidity/config",
            {
                "stat_t": "shed/sensor/humidity/state",
                "unit_of_meas": "%",
                "dev": {"ids": "aa11", "name": "The shed"},
            },
        ),
    )
    assert names(sample) == ["esphome", "homeassistant"]
    router = router_of(sample)
    for observed in sample:
        for packet in observed.packets:
            decode(packet, router)
    # Its filters follow what was announced.
    router = Router(
        [
            Route(one.source, one.convention, one.limits, one.convention.shared_filters)
            for one in router.routes
        ]
    )
    entry = decode(make_packet("shed/sensor/humidity/state", "62"), router)
    (message,) = entry.messages or ()
    assert (entry.source, message.native_id) == ("esphome", "shed")
    assert message.description is not None
    assert message.description.name == "The shed"
    assert message.description.series["humidity"].unit == "%"


def judged(router: Router, recorded: list[lines.Line]) -> Table:
    table = Table()
    for line in recorded:
        packet = make_packet(line.topic, line.payload, received_at=NOW)
        entry = decode(packet, router)
        found = [
            Found(
                f"{message.native_id}",
                one.metric,
                str(one.text) if one.value is None else one.value,
                one.ts,
                "text" if one.kind == "text" else "number",
            )
            for message in entry.messages or ()
            for one in message.samples
        ]
        table.judge(line, found, NOW)
    return table


def recorded_sample(recorded: list[lines.Line]) -> Sample:
    sample = Sample()
    for line in recorded:
        sample.add(make_packet(line.topic, line.payload, received_at=NOW))
    return sample


def test_everything_that_was_recorded_of_real_gadgets_is_read() -> None:
    recorded = list(lines.read(lines.files()))
    table = judged(router_of(recorded_sample(recorded)), recorded)
    problems = [told for row in table.rows.values() for told in row.problems if "missing" in told]
    assert problems == []
    assert (table.split(), table.mixed()) == ([], [])
    assert table.total.extra == 0


def test_structure_alone_reads_most_of_it() -> None:
    recorded = [
        line
        for line in lines.read(lines.files())
        if line.payload[:1] in b'{["' or line.payload[:1].isalnum() or line.payload[:1] == b"-"
    ]
    others = [name for name in conventions.names() if name not in {"native", "templates"}]
    table = judged(router_of(recorded_sample(recorded), without=others), recorded)
    assert table.total.found >= 0.85 * table.total.expected
