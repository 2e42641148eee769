"""Payloads of conventions as somebody would write them to harm: few bytes that become many."""

import json
import random
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import cbor2
import pytest

from mqtt_ingest.core import cbor_walk, conventions, pipeline
from mqtt_ingest.core.batching import BatchQueue, Bounds
from mqtt_ingest.core.conventions import senml, state
from mqtt_ingest.core.conventions.sparkplug import convention as sparkplug
from mqtt_ingest.core.conventions.sparkplug.convention import MAX_KNOWN, Sparkplug
from mqtt_ingest.core.conventions.sparkplug.payload import varint
from mqtt_ingest.core.descriptions import (
    MAX_SERIES,
    Description,
    SeriesDescription,
    with_series,
)
from mqtt_ingest.core.discovery import propose_sources
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.router import Route
from mqtt_ingest.core.structure.observations import Sample
from tests.attacks.hostile import announced, at_most, packet
from tests.attacks.test_heavy_packets import SECONDS
from tests.support.factories import make_entry

# --- names ------------------------------------------------------------------
LONG = "n" * 200_000
MANY = {f"m{number}": 1 for number in range(900)}


@pytest.mark.parametrize(
    ("name", "topic", "message"),
    [
        ("native", "devices/x/telemetry", {LONG: MANY}),
        ("native", "devices/x/telemetry", [{LONG: MANY}] * 3),
        ("templates", "any/x", {LONG: MANY}),
        ("templates", "any/x", {LONG: [MANY]}),
        ("shelly_gen2", "shellyplus1-a/status/switch:0", {LONG: MANY}),
        ("tasmota", "tele/x/SENSOR", {LONG: MANY}),
        ("zigbee2mqtt", "zigbee2mqtt/x", {LONG: MANY}),
        ("zigbee2mqtt", "zigbee2mqtt/x", {"update": 1, LONG: {LONG: MANY}}),
        ("telegraf_json", "telegraf/x", {"name": LONG, "tags": {"host": "h"}, "fields": MANY}),
        (
            "opcua_pubsub",
            "opcua/json/data/x",
            {
                "MessageType": "ua-data",
                "PublisherId": LONG,
                "Messages": [{"DataSetWriterId": n, "Payload": {"a": 1}} for n in range(900)],
            },
        ),
    ],
)
def test_a_long_name_is_not_made_for_each_value_below_it(
    name: str, topic: str, message: object
) -> None:
    options = {"templates": [{"topic": "any/{device}"}]} if name == "templates" else None
    router = Router([Route("s", conventions.make(name, options), Limits(), ("#",))])
    payload = json.dumps(message)
    with at_most(20):
        entry = decode(packet(topic, payload), router)
    assert entry.reason or all(
        len(sample.metric) <= 200 for said in entry.messages or () for sample in said.samples
    )


def test_what_is_below_a_long_name_is_bad_and_the_rest_is_stored() -> None:
    made = conventions.make("templates", {"templates": [{"topic": "any/{device}"}]})
    told = packet("any/x", json.dumps({"good": 5, "n" * 2_000: MANY}))
    (message,) = made.decode(told, Limits()) or ()
    assert [(one.metric, one.value) for one in message.samples] == [("good", 5.0)]
    assert len(message.bad) == 1


def test_properties_of_a_list_of_devices_have_names_of_a_length() -> None:
    inner: dict[str, Any] = {"type": "numeric", "property": "p" * 300}
    composite = {"type": "composite", "property": "c" * 90_000, "features": [inner] * 200}
    devices = [
        {"ieee_address": "0x01", "friendly_name": "x", "definition": {"exposes": [composite]}}
    ]
    made = conventions.make("zigbee2mqtt")
    payload = json.dumps(devices)
    with at_most(10):
        said = made.decode(packet("zigbee2mqtt/bridge/devices", payload), Limits()) or ()
    assert all(
        len(metric) <= 200
        for one in said
        if one.description is not None
        for metric in one.description.series
    )


def test_a_metric_of_a_topic_has_a_length() -> None:
    made = conventions.make("templates", {"templates": [{"topic": "any/{device}/{metric}"}]})
    with pytest.raises(Undecodable, match="longer than any"):
        made.decode(packet(f"any/x/{'m' * 30_000}", json.dumps(MANY)), Limits())


def test_a_long_name_of_sparkplug_is_bad_and_not_remembered() -> None:
    made = Sparkplug()
    metrics = _field(2, _field(1, b"n" * 500) + b"\x18\x01\x20\x03\x50\x05")
    (message,) = made.decode(packet("spBv1.0/g/DDATA/n/d", metrics), Limits()) or ()
    assert message.samples == []
    assert [told for _name, told in message.bad] == [
        "the metric name has 500 characters, 200 are allowed"
    ]
    assert not any(made._last.values())


# --- what waits, and what is shown ------------------------------------------
def test_a_packet_that_waits_weighs_what_was_made_of_it() -> None:
    entry = make_entry(json.dumps(MANY))
    assert entry.weigh() > 900 * 120
    queue = BatchQueue(Bounds())
    queue.add(entry, 0.0)
    assert queue.bytes == entry.weigh()
    queue.done(queue.take())
    assert queue.bytes == 0


def test_texts_that_are_kept_weigh_besides_the_payload() -> None:
    short, long = (make_entry(json.dumps({"t": "x" * length})) for length in (10, 1_010))
    assert long.weigh() - short.weigh() == 2 * 1_000


def test_what_a_packet_describes_weighs_too() -> None:
    senml = Router([Route("s", conventions.make("senml"), Limits(), ("#",))])
    records = [{"n": f"x/m{number}", "v": 1, "u": "Cel"} for number in range(100)]
    entry = decode(packet("any/senml", json.dumps(records)), senml)
    assert entry.weigh() > 100 * (120 + 400)


# --- Sparkplug --------------------------------------------------------------
def _field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def test_a_data_set_under_a_long_name_is_refused() -> None:
    row = _field(4, _field(1, b"\x08\x01"))
    data_set = _field(2, b"c") + b"\x18\x03" + row * 12_000
    metric = _field(1, b"n" * 100_000) + b"\x20\x10" + _field(17, data_set)
    with at_most(40), pytest.raises(Undecodable, match="a name of more than"):
        Sparkplug().decode(packet("spBv1.0/g/NBIRTH/n", _field(2, metric)), Limits())


def test_a_data_set_of_many_rows_is_cut_off_where_a_packet_ends() -> None:
    row = _field(4, _field(1, b"\x08\x01"))
    data_set = _field(2, b"c") + b"\x18\x03" + row * 24_000
    metric = _field(1, b"n" * 200) + b"\x20\x10" + _field(17, data_set)
    with at_most(60), pytest.raises(Undecodable, match="more than 1000 values"):
        Sparkplug().decode(packet("spBv1.0/g/NBIRTH/n", _field(2, metric)), Limits())


def test_names_that_come_once_are_not_kept_for_ever() -> None:
    made, chance = Sparkplug(), random.Random(1)
    for _number in range(60):
        metrics = b"".join(
            _field(2, _field(1, chance.randbytes(60).hex().encode()) + b"\x18\x01\x20\x03\x50\x05")
            for _ in range(900)
        )
        made.decode(packet("spBv1.0/g/DDATA/n/d", metrics), Limits())
    assert len(made._last["g/n/d"]) <= MAX_KNOWN
    text = _field(1, b"t") + b"\x18\x01\x20\x0c" + _field(15, b"x" * 200_000)
    made.decode(packet("spBv1.0/g/DDATA/n/d", _field(2, text)), Limits())
    assert isinstance(made._last["g/n/d"]["t"][1], int)


def test_a_template_of_templates_is_named_no_longer_than_a_metric() -> None:
    member = _field(1, b"m") + b"\x20\x03\x50\x05"
    for level in range(6):
        template = b"".join(_field(2, member) for _ in range(3))
        member = _field(1, f"level{level}".encode() * 80) + b"\x20\x13" + _field(18, template)
    with at_most(20), pytest.raises(Undecodable, match="a name of more than"):
        Sparkplug().decode(packet("spBv1.0/g/NBIRTH/n", _field(2, member)), Limits())


def test_metrics_of_all_devices_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparkplug, "MAX_IN_ALL", 50)
    made = Sparkplug()
    for number in range(40):
        metrics = b"".join(
            _field(2, _field(1, f"m{n}".encode()) + b"\x18\x01\x20\x03\x50\x05") for n in range(5)
        )
        made.decode(packet(f"spBv1.0/g/DDATA/n/d{number}", metrics), Limits())
    assert sum(map(len, made._last.values())) <= 50


def test_members_of_a_packet_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparkplug, "MAX_KNOWN", 10)
    metrics = b"".join(
        _field(2, _field(1, f"m{n}".encode()) + b"\x18\x01\x20\x03\x50\x05") for n in range(20)
    )
    with pytest.raises(Undecodable, match="more than 10 members"):
        Sparkplug().decode(packet("spBv1.0/g/DDATA/n/d", metrics), Limits())


def test_devices_that_come_once_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparkplug, "MAX_DEVICES", 5)
    monkeypatch.setattr(sparkplug, "MAX_NODES", 5)
    made = Sparkplug()
    metric = _field(2, _field(1, b"t") + b"\x18\x01\x20\x03\x50\x05")
    for number in range(20):
        made.decode(packet(f"spBv1.0/g/DDATA/n{number}/d", metric + b"\x18\x01"), Limits())
    assert max(len(made._births), len(made._last), len(made._seq)) <= 5
    for number in range(20):
        made.decode(packet(f"spBv1.0/g/DBIRTH/n/d{number}", metric + b"\x18\x01"), Limits())
        assert len(made._last) <= 5


# --- SenML, descriptions ----------------------------------------------------
def test_shared_references_of_cbor_are_refused_before_they_are_built() -> None:
    shared: Any = ["x"]
    for _level in range(24):
        shared = [shared, shared]
    # A list, as a pack is, of one record.
    payload = b"\x81" + cbor2.dumps({0: "t", 1: shared, 2: 1}, value_sharing=True)
    assert len(payload) < 400
    with at_most(5), pytest.raises(Undecodable, match=r"tag 2[89]"):
        conventions.make("senml").decode(packet("devices/x/senml", payload), Limits())
    sample = Sample()
    sample.add(packet("any/topic", payload))
    with at_most(20):
        propose_sources(sample, Limits())


@pytest.mark.parametrize("tag", [25, 35, 256, 258])
def test_other_tags_are_refused_by_number(tag: int) -> None:
    payload = cbor2.dumps([{0: "t", 2: 1, 1: cbor2.CBORTag(tag, "x")}])
    with pytest.raises(Undecodable, match=f"tag {tag}"):
        conventions.make("senml").decode(packet("devices/x/senml", payload), Limits())


def test_decimals_of_cbor_are_read_and_numbers_of_any_length_are_not() -> None:
    made = conventions.make("senml")
    payload = cbor2.dumps([{0: "dev/t", 2: cbor2.CBORTag(4, [-1, 215])}])
    (message,) = made.decode(packet("devices/x/senml", payload), Limits()) or ()
    assert message.samples[0].value == 21.5
    for number in (2**70, 2**4_000):
        with pytest.raises(Undecodable, match="tag 2"):
            made.decode(packet("devices/x/senml", cbor2.dumps([{0: "d/t", 2: number}])), Limits())


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({0: 5, 2: 1}, "n is no text"),
        ({0: "m/t", 2: [1]}, "a list is no number"),
        ({0: "m/t", 2: 1, 6: 1e308}, "beyond any calendar"),
        ({0: "m/t", 2: "x" * 9_000}, "x' is no number"),
    ],
)
def test_what_is_none_of_senml_is_said_in_few_words(record: dict[int, Any], why: str) -> None:
    with pytest.raises(Undecodable, match=why) as error:
        conventions.make("senml").decode(packet("devices/x/senml", cbor2.dumps([record])), Limits())
    assert len(error.value.detail) < 200


def test_texts_of_descriptions_are_cut_where_they_are_made() -> None:
    records = [{"bu": "u" * 4_000, "bn": "m/", "n": "a0", "v": 1}]
    records += [{"n": f"a{number}", "v": 1} for number in range(900)]
    made = conventions.make("senml")
    with at_most(30):
        (message,) = made.decode(packet("devices/x/senml", json.dumps(records)), Limits()) or ()
    assert message.description is not None
    assert all(len(one.unit_as_sent) <= 50 for one in message.description.series.values())
    huge = [{"bu": "u" * 200_000, "n": "m/a", "v": 1}]
    with pytest.raises(Undecodable, match="bu has more than"):
        made.decode(packet("devices/x/senml", json.dumps(huge)), Limits())


def test_labels_and_states_of_an_announcement_are_cut() -> None:
    made = announced(
        stat_t="a/b",
        name="n" * 100_000,
        ops=["o" * 300] * 99,
        dev={"ids": "x", "mdl": "m" * 9_999},
    )
    (message,) = made.decode(packet("a/b", "1"), Limits()) or ()
    assert message.description is not None
    (series,) = message.description.series.values()
    assert (len(series.label), len(series.states), len(series.states[0])) == (200, 99, 200)
    assert len(message.description.model) == 200


def pack(*pairs: bytes) -> bytes:
    """Return a list of one map."""
    return b"\x81\xb9" + len(pairs).to_bytes(2, "big") + b"".join(pairs)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        # Decimals and lists as names may all be alike to a dictionary.
        (pack(b"\xc4\x82\x19\x00\x07\x01\x00"), "a name that is no whole number or text"),
        (pack(b"\x82\x01\x02\x00"), "a name that is no whole number or text"),
        (pack(b"\xf6\x00"), "a name that is no whole number or text"),
        (pack(b"\x7f\x61a\xff\x00"), "a name that is no whole number or text"),
        (pack(*(b"\x19" + n.to_bytes(2, "big") + b"\x00" for n in range(200))), "a map of 200"),
        (b"\x81" * 20 + b"\x01", "lists within lists"),
        (b"\x82\xc2\x41\x01\x01", "tag 2"),
        (b"\x99\x1f\x40" + b"\xc4\x82\x00\x01" * 8_000, "tag 4"),
    ],
)
def test_cbor_that_costs_more_than_it_says_is_refused_unread(payload: bytes, words: str) -> None:
    with pytest.raises(Undecodable, match=words):
        conventions.make("senml").decode(packet("devices/x/senml", payload), Limits())


@pytest.mark.parametrize(
    "value",
    [
        [],
        [{}],
        [{0: "a", 2: 1.5}, {"n": [1, [2, {"x": b"y"}]], "v": -7}],
        [{0: "t", 2: Decimal("1.5")}],
        [{0: "t" * 300, 2: 2**40, 6: None, 4: True}] * 40,
    ],
)
def test_cbor_as_devices_write_it_is_looked_at_and_let_pass(value: Any) -> None:
    cbor_walk.look(cbor2.dumps(value))
    # Of any length: until a break.
    cbor_walk.look(cbor2.dumps(value, indefinite_containers=True))
    cbor_walk.look(cbor2.dumps(value)[:-1])
    cbor_walk.look(b"\xff" + cbor2.dumps(value))


def test_a_name_of_hex_digits_is_looked_at_once() -> None:
    assert not senml._is_hardware("a" * 65)
    assert senml._is_hardware("0a:1b".replace(":", "-") + "2c3d")


# --- Sparkplug --------------------------------------------------------------
def birth(kind: str, *path: str) -> Any:
    return packet(
        f"spBv1.0/g/{kind}/{'/'.join(path)}",
        _field(2, _field(1, b"t") + b"\x10\x01\x20\x03\x50\x05") + b"\x18\x00",
    )


def data(*path: str) -> Any:
    return packet(f"spBv1.0/g/DDATA/{'/'.join(path)}", _field(2, b"\x10\x01\x50\x05") + b"\x18\x01")


def test_births_without_end_lock_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_KEYS", 200)
    made = Sparkplug()
    for node in range(5):
        made.decode(birth("NBIRTH", f"plant{node}"), Limits())
        made.decode(birth("DBIRTH", f"plant{node}", "press"), Limits())
        made.decode(data(f"plant{node}", "press"), Limits())
    for number in range(1_000):
        made.decode(birth("DBIRTH", f"evil{number % 3}", f"d{number}"), Limits())
        made.decode(birth("NBIRTH", f"evil{number + 3}"), Limits())
    assert len(dict(made.state.items())) <= 200
    # Who measures is known still, and who is new becomes known.
    for node in range(5):
        (message,) = made.decode(data(f"plant{node}", "press"), Limits()) or []
        assert [one.metric for one in message.samples] == ["t"]
    made.decode(birth("DBIRTH", "plant0", "new"), Limits())
    (message,) = made.decode(data("plant0", "new"), Limits()) or []
    assert message.samples


def test_room_for_births_is_made_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_KEYS", 20_000)
    made = Sparkplug()
    for number in range(10_000):
        made.decode(birth("DBIRTH", f"n{number % 100}", f"d{number}"), Limits())
        made.decode(data(f"n{number % 100}", f"d{number}"), Limits())
    monkeypatch.setattr(state, "MAX_KEYS", len(dict(made.state.items())))
    begun = time.monotonic()
    made.decode(birth("NBIRTH", "new"), Limits())
    assert time.monotonic() - begun < SECONDS
    assert made.state.get("birth:g/new") is not None


@pytest.mark.parametrize("node", ["n" * 600, "heavy"])
def test_what_can_never_be_kept_makes_nobody_go(monkeypatch: pytest.MonkeyPatch, node: str) -> None:
    made = Sparkplug()
    made.decode(birth("NBIRTH", "plant"), Limits())
    made.decode(birth("DBIRTH", "plant", "press"), Limits())
    monkeypatch.setattr(state, "MAX_KEYS", len(dict(made.state.items())))
    if node == "heavy":
        monkeypatch.setattr(state, "MAX_VALUE", 10)
    for _turn in range(5):
        with pytest.raises(Undecodable, match="too_much_state"):
            made.decode(birth("NBIRTH", node), Limits())
    (message,) = made.decode(data("plant", "press"), Limits()) or []
    assert message.samples


def test_nodes_whose_births_went_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_KEYS", 50)
    made = Sparkplug()
    for number in range(500):
        made.decode(birth("DBIRTH", f"n{number}", "d"), Limits())
    assert len(made._devices) <= 50


def test_a_birth_of_a_node_forgets_its_own_devices_alone() -> None:
    made = Sparkplug()
    for node in ("a", "ab"):
        made.decode(birth("NBIRTH", node), Limits())
        made.decode(birth("DBIRTH", node, "d"), Limits())
    # Whoever takes over knows them as well.
    made = Sparkplug(state=made.state)
    made.decode(birth("NBIRTH", "a"), Limits())
    assert sorted(key for key, _told in made.state.items("birth:")) == [
        *("birth:g/a", "birth:g/ab", "birth:g/ab/d")
    ]


def test_nodes_that_come_once_are_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparkplug, "MAX_NODES", 5)
    made = Sparkplug()
    for number in range(50):
        made.decode(birth("NBIRTH", f"n{number}"), Limits())
    assert len(made._seq) <= 5


# --- many parts -------------------------------------------------------------
def test_parts_that_each_describe_a_series_are_put_together_at_once() -> None:
    told: Description | None = None
    begun = time.monotonic()
    for number in range(20_000):
        told = with_series(told, {f"m{number % 3_000}": SeriesDescription(unit="V")})
    assert time.monotonic() - begun < SECONDS
    assert told is not None
    assert len(told.series) == MAX_SERIES
    first = Description(name="x", series={"a": SeriesDescription(unit="A")})
    more = with_series(first, {"b": SeriesDescription(), "n" * 300: SeriesDescription()})
    assert (set(more.series), set(first.series), more.name) == ({"a", "b"}, {"a"}, "x")
    assert with_series(first, {}) is first
    assert replace(more, name="y").series is more.series


def test_a_packet_is_of_so_many_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "MAX_DEVICES", 3)
    router = Router([Route("s", conventions.make("influx_line"), Limits(), ("#",))])
    lines = "\n".join(f"weather,host=h{number} t=1" for number in range(4))
    entry = decode(packet("influx/x", lines), router)
    assert (entry.reason, entry.detail) == ("too_many_samples", "of more than 3 devices")
