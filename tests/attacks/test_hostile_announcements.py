"""What devices announce, and the payloads of conventions, as somebody would write them to harm."""

import json
import random
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cbor2
import pytest

from mqtt_ingest import sources
from mqtt_ingest.core import conventions, topics
from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.conventions.by_template import Template
from mqtt_ingest.core.conventions.homeassistant import convention as homeassistant
from mqtt_ingest.core.conventions.homeassistant import value_templates
from mqtt_ingest.core.conventions.sparkplug import convention as sparkplug
from mqtt_ingest.core.conventions.sparkplug.convention import MAX_KNOWN, Sparkplug
from mqtt_ingest.core.conventions.sparkplug.payload import varint
from mqtt_ingest.core.conventions.state import State, weight
from mqtt_ingest.core.discovery import propose_sources
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.structure.observations import Sample
from tests.support.factories import ARRIVAL, make_packet

MB = 1_000_000


@contextmanager
def at_most(megabytes: float) -> Iterator[None]:
    """Fail where more memory is taken meanwhile."""
    tracemalloc.start()
    try:
        yield
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < megabytes * MB, f"{peak / MB:.0f} MB"


def announced(**message: Any) -> homeassistant.HomeAssistant:
    made = homeassistant.HomeAssistant()
    made.decode(packet("homeassistant/sensor/x/y/config", json.dumps(message)), Limits())
    return made


def packet(topic: str, payload: str | bytes) -> Packet:
    return make_packet(topic, payload)


# --- announcements ----------------------------------------------------------
@pytest.mark.parametrize(
    "message",
    [
        {"device_class": [1], "state_topic": "a/b"},
        {"dev": {"cns": [[]]}, "stat_t": "a/b"},
        {"dev": {"ids": [[{}]], "cns": [{}]}, "stat_t": "a/b"},
        {"avty": [1, [], None], "stat_t": "a/b"},
        {"avty": [{"t": {}}], "stat_t": "a/b", "state_class": [], "ops": [{}], "exp_aft": "x"},
        {"cmps": {"a": {"p": ["sensor"], "stat_t": "a/b"}}},
    ],
)
@pytest.mark.parametrize("topic", ["sensor/x/y", "device/x", "light/x", "climate/x/y"])
def test_what_cannot_be_read_is_not_remembered_either(message: dict[str, Any], topic: str) -> None:
    made = homeassistant.HomeAssistant()
    reason = ""
    try:
        made.decode(packet(f"homeassistant/{topic}/config", json.dumps(message)), Limits())
    except Undecodable as error:
        reason = error.reason
    assert reason in {"", "not_an_announcement"}
    assert bool(dict(made.state.items())) == (not reason)
    # Whoever takes over begins with what is remembered, and reads on.
    next_one = homeassistant.HomeAssistant(state=made.state)
    next_one.decode(packet("a/b", "1"), Limits())


def test_what_an_earlier_release_remembered_does_not_keep_the_rest_from_being_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = State({"sensor/a": {"stat_t": "a"}, "sensor/b": {"stat_t": "b"}})

    def fails(key: str, message: Any) -> Any:
        if key == "sensor/a":
            raise Undecodable("not_an_announcement", key)
        return worked_out(key, message)

    worked_out = homeassistant._worked_out
    monkeypatch.setattr(homeassistant, "_worked_out", fails)
    made = homeassistant.HomeAssistant(state=kept)
    assert made.decode(packet("a", "1"), Limits()) is None
    assert made.decode(packet("b", "1"), Limits())


@pytest.mark.usefixtures("tables")
def test_a_convention_that_fails_at_the_start_ends_its_source_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from devices.models import Process, Source
    from devices.monitoring.conditions import of_worker

    Source.objects.create(name="ha", convention="homeassistant")

    def fails(*_args: Any, **_named: Any) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(homeassistant.HomeAssistant, "__init__", fails)
    read = [one.source.name for one in sources.usable("")]
    assert "native" in read
    assert "ha" not in read
    assert "ha is not read" in caplog.text
    assert "IndexError" in sources.failing["ha"]
    slot = {"state": "subscribed", "failing": list(sources.failing.items())}
    told = of_worker(Process(id="w", kind="ingest", info={"slots": {"ingest-0": slot}}))
    assert any(one.code == "source_broken" and "ha:" in one.detail for one in told)
    monkeypatch.undo()
    assert "ha" in [one.source.name for one in sources.usable("")]
    assert "ha" not in sources.failing


# --- value templates --------------------------------------------------------
@pytest.mark.parametrize(
    ("template", "payload"),
    [
        ("{%set a=[1]%}" + "{%set a=a+a%}" * 27 + "{{a|length}}", "1"),
        ("{%set a='xy'%}" + "{%set a=a+a%}" * 27 + "{{a|length}}", "1"),
        ("{%set a='xy'%}" + "{%set a=a~a%}" * 27 + "{{a|length}}", "1"),
        ("{{value|join(value)}}", "x" * 50_000),
        ("{{value|replace('',value)}}", "x" * 50_000),
        ("{{value.replace('x',value)|length}}", "x" * 50_000),
        ("".join(f"{{%set a{n}=value.split()%}}" for n in range(70)), "a " * 130_000),
        ("{{value_json|sum([])|length}}", json.dumps([[1]] * 40_000)),
        ("{{value_json|sum|length}}", json.dumps([[1]] * 40_000)),
        ("{{value|list|length}}", "x" * 250_000),
        ("{{value_json|to_json|length}}" * 60, json.dumps([1] * 80_000)),
        ("{{value|from_json|length}}" * 60, json.dumps([1] * 80_000)),
        ("{{value" + "|title" * 330 + "|length}}", "é " * 80_000),
    ],
)
def test_a_template_makes_no_more_than_a_few_times_the_payload(template: str, payload: str) -> None:
    value_templates.parsed(template)
    value_json = value_templates.json_of(payload)
    with at_most(40):
        try:
            value_templates.render(template, payload, value_json)
        except (value_templates.Unsupported, value_templates.NoValue):
            return
    assert len(payload) < value_templates.MAX_MADE


def test_all_templates_of_one_packet_share_a_budget() -> None:
    entity = {"p": "sensor", "stat_t": "a/b", "val_tpl": "{{value" + "|title" * 99 + "|length}}"}
    made = homeassistant.HomeAssistant()
    message = {"cmps": {f"e{number}": entity for number in range(120)}, "dev": {"ids": "x"}}
    made.decode(packet("homeassistant/device/x/config", json.dumps(message)), Limits())
    assert len(made._uses["a/b"]) == 120
    made.decode(packet("a/b", "é " * 80_000), Limits())
    ((_template, (why, number)),) = made.not_interpreted.items()
    assert "too much is made of one packet" in why
    assert number == 120


def test_json_is_parsed_once_however_many_entities_read_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entity = {"p": "sensor", "stat_t": "a/b", "val_tpl": "{{value_json.x}}"}
    made = homeassistant.HomeAssistant()
    for part in range(3):
        message = {"cmps": {f"e{part}-{n}": entity for n in range(200)}, "dev": {"ids": "x"}}
        made.decode(packet(f"homeassistant/device/x{part}/config", json.dumps(message)), Limits())
    assert len(made._uses["a/b"]) == homeassistant.MAX_USES
    parsed = []
    real = homeassistant.json_of
    monkeypatch.setattr(homeassistant, "json_of", lambda text: parsed.append(1) or real(text))
    (message_read,) = made.decode(packet("a/b", '{"x": 5}'), Limits()) or ()
    assert len(message_read.samples) == homeassistant.MAX_USES
    assert len(parsed) == 1


def test_few_long_templates_are_kept_as_trees() -> None:
    value_templates._parsed_long.cache_clear()
    with at_most(40):
        for number in range(250):
            value_templates.parsed("{{ " + f"value_json.a{number} + 1 + " * 60 + "0 }}")


@pytest.mark.parametrize(
    ("template", "payload", "why"),
    [
        ("{{value.split(',')|length}}", "a," * 20_000, "parts"),
        ("{{value|list|length}}", "x" * 20_000, "parts"),
        ("{{value_json.keys()|length}}", json.dumps({str(n): n for n in range(11_000)}), "parts"),
        ("{{[1] + [2]}}", "1", "adding lists"),
        ("{{value ~ value}}", "x" * 200_000, "300,000 characters"),
        ("{{value.replace('a', 'bb')}}", "a" * 200_000, "300,000 characters"),
        ("{{value|upper}}", "ß" * 200_000, "300,000 characters"),
    ],
)
def test_what_would_be_made_is_looked_at_first(template: str, payload: str, why: str) -> None:
    with pytest.raises(value_templates.Unsupported, match=why):
        value_templates.render(template, payload)


def test_parts_are_taken_as_far_as_anybody_means() -> None:
    assert value_templates.render("{{value.split(',')[1]}}", "a,b,c") == "b"
    assert value_templates.render("{{value_json.keys()|first}}", '{"x": 1}') == "x"


def test_a_sum_is_of_numbers() -> None:
    assert value_templates.render("{{value_json|sum}}", "[1, 2]") == "3"
    with pytest.raises(value_templates.NoValue, match="of numbers"):
        value_templates.render("{{value_json|sum}}", '["a"]')


def test_steps_of_all_templates_together_are_bounded() -> None:
    budget = value_templates.Budget(steps=8)
    for _template in range(2):
        value_templates.render("{{value_json.x}}", '{"x": 1}', budget=budget)
    with pytest.raises(value_templates.Unsupported, match="steps for one packet"):
        value_templates.render("{{value_json.x}}", '{"x": 1}', budget=budget)


def test_a_fault_of_reading_an_announcement_is_told_as_one_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_args: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr(homeassistant, "read", fails)
    with pytest.raises(Undecodable, match="sensor/x/y: KeyError"):
        announced(stat_t="a/b")


# --- what is subscribed and remembered --------------------------------------
def test_a_filter_without_wildcards_is_compared_with_those_that_have_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    real = topics.covers
    monkeypatch.setattr(topics, "covers", lambda *pair: asked.append(pair) or real(*pair))
    plain = tuple(f"a/{number}" for number in range(5_000))
    topics.uncovered.cache_clear()
    found = topics.uncovered((*plain, "b/+", "b/c", "a/7"), ("a/8", "a/9/#"))
    assert len(asked) < 3 * len(plain)
    assert set(found) == {*plain, "b/+"} - {"a/8", "a/9"}


def test_announced_topics_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homeassistant, "MAX_TOPICS", 10)
    made = homeassistant.HomeAssistant()
    message = {"cmps": {f"e{n}": {"p": "sensor", "stat_t": f"t/{n}"} for n in range(50)}}
    made.decode(packet("homeassistant/device/x/config", json.dumps(message)), Limits())
    assert len(made._uses) == 10
    assert any("topics are announced" in why for why, _n in made.not_interpreted.values())
    made.decode(packet("homeassistant/device/x/config", ""), Limits())
    assert made._uses == {}


def test_what_is_remembered_has_a_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Undecodable, match="1,000,000 bytes"):
        announced(x=[{}] * 60_000, stat_t="a/b")
    state = State()
    monkeypatch.setattr("mqtt_ingest.core.conventions.state.MAX_ALL", 3 * weight(["x"] * 100))
    for number in range(3):
        state.put(str(number), ["x"] * 100)
    with pytest.raises(Undecodable, match="to remember"):
        state.put("more", ["x"] * 100)
    state.put("0", None)
    assert state.put("more", ["x"] * 100)
    assert State(dict(state.items()))._weight == state._weight


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


def test_devices_that_come_once_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparkplug, "MAX_DEVICES", 5)
    made = Sparkplug()
    metric = _field(2, _field(1, b"t") + b"\x18\x01\x20\x03\x50\x05")
    for number in range(20):
        made.decode(packet(f"spBv1.0/g/DDATA/n{number}/d", metric + b"\x18\x01"), Limits())
    assert max(len(made._births), len(made._last), len(made._seq)) <= 5


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


def test_decimals_and_large_numbers_of_cbor_are_read() -> None:
    payload = cbor2.dumps([{0: "dev/t", 2: 2**70}])
    (message,) = (
        conventions.make("senml").decode(packet("devices/x/senml", payload), Limits()) or ()
    )
    assert message.samples[0].value == 2.0**70


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({0: 5, 2: 1}, "n is no text"),
        ({0: "m/t", 2: 2**4_000}, "an? int is no number"),
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


# --- templates of people, and what is found ---------------------------------
@pytest.mark.parametrize(
    "path",
    [
        "|".join(["[@,@][]"] * 24) + "|length(@)",
        "[@,@,@,@][] | [@,@,@,@][] | [@,@,@,@][]",
        "length(sort(sort(sort(@))))",
        "a." * 300 + "a",
        "@" + "|@" * 200,
    ],
)
def test_a_path_that_could_make_much_of_little_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"more than|longer than|too often"):
        Template(topic="a/{device}", values={"v": path})
    with pytest.raises(ValueError, match=r"more than|longer than|too often"):
        Template(topic="a/{device}", explode=path)


@pytest.mark.parametrize(
    "path",
    ["a.b[0].c", "values[*].v", "reverse(sort(a))[0]", "a[?b=='c'].d | [0]", "[a, b][]", "{x: a}"],
)
def test_what_people_write_is_taken(path: str) -> None:
    assert Template(topic="a/{device}", values={"v": path}).values == {"v": path}


def test_the_number_of_paths_is_bounded() -> None:
    with pytest.raises(ValueError, match="100 paths"):
        Template(topic="a/{device}", values={f"v{n}": "a" for n in range(101)})


def proposed(*names: str) -> list[Any]:
    sample = Sample()
    for name in names:
        sample.add(Packet(name, b"1", ARRIVAL))
    return propose_sources(sample, Limits())


def test_thousands_of_topics_that_are_alike_are_looked_at_once() -> None:
    assert proposed(*(f"x{number}/yyy" for number in range(5_000)))
    assert proposed(*(f"plant/x{number}/yyy" for number in range(5_000)))
    assert proposed(*(f"plant/x/y{number}" for number in range(5_000)))


def test_topics_of_very_many_levels_are_left_out() -> None:
    with at_most(60):
        assert proposed(*("/".join([f"l{n}", *["x"] * 60]) for n in range(2_000))) == []


def test_no_more_templates_are_proposed_than_a_source_takes() -> None:
    (found,) = proposed(*(f"k{n}/{'x' * (n % 7 + 1)}/m{n}/temp" for n in range(1_500)))
    assert len(found.options["templates"]) <= 500
    conventions.make("templates", found.options)


def test_our_own_canary_is_nobodys_device() -> None:
    assert proposed("iotbridge/canary/iotbridge-x-ingest-0", "iotbridge/canary/a/shared") == []


# --- what else must not lose a packet ---------------------------------------
def test_a_convention_that_fails_to_add_to_a_packet_does_not_lose_it() -> None:
    from mqtt_ingest.core.pipeline import Router, decode
    from mqtt_ingest.core.router import Route

    class Fails(Convention):
        name = "fails"

        def decode(self, packet: Packet, limits: Limits) -> list[DeviceMessage] | None:
            del packet, limits
            return None

        def describe(self, packet: Packet, messages: Any) -> None:
            raise RuntimeError("a fault of its own")

    routes = [Route("native", conventions.make("native"), Limits(), ("devices/+/telemetry/#",))]
    routes.append(Route("fails", Fails(), Limits(), ("#",)))
    entry = decode(packet("devices/x/telemetry", '{"t": 1}'), Router(routes))
    assert entry.messages is not None
    assert entry.messages[0].samples[0].value == 1.0
