"""What devices announce, and the payloads of conventions, as somebody would write them to harm."""

import json
import time
from typing import Any

import pytest

from mqtt_ingest import sources
from mqtt_ingest.core import conventions, topics
from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.conventions.by_template import Template
from mqtt_ingest.core.conventions.homeassistant import convention as homeassistant
from mqtt_ingest.core.conventions.homeassistant import value_templates
from mqtt_ingest.core.conventions.state import State, weight
from mqtt_ingest.core.discovery import propose_sources
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.structure.observations import Sample
from tests.attacks.hostile import announced, at_most, packet
from tests.attacks.test_heavy_packets import SECONDS
from tests.support.factories import ARRIVAL


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
    entity = {"p": "sensor", "stat_t": "a/b", "val_tpl": "{{value" + "|title" * 20 + "|length}}"}
    made = homeassistant.HomeAssistant()
    message = {"cmps": {f"e{number}": entity for number in range(120)}, "dev": {"ids": "x"}}
    made.decode(packet("homeassistant/device/x/config", json.dumps(message)), Limits())
    assert len(made._uses["a/b"]) == 120
    made.decode(packet("a/b", "é " * 80_000), Limits())
    ((_template, (why, number)),) = made.not_interpreted.items()
    assert "too much is made of one packet" in why
    assert number == 120


def test_templates_of_one_topic_have_a_length_together() -> None:
    made = homeassistant.HomeAssistant()
    long = "{{" + "1 + " * 400 + "value_json.x}}"
    entities = {f"e{n}": {"p": "sensor", "stat_t": "a/b", "val_tpl": long} for n in range(100)}
    made.decode(
        packet(
            "homeassistant/device/x/config", json.dumps({"cmps": entities, "dev": {"ids": "x"}})
        ),
        Limits(),
    )
    assert sum(len(use.template) for use in made._uses["a/b"]) <= homeassistant.MAX_TEMPLATES
    assert any("characters for a topic" in why for why, _n in made.not_interpreted.values())


@pytest.mark.parametrize(
    "template",
    [
        "{%set a=value_json%}" + "{{a==value_json}}" * 150,
        "{%set a=value_json%}{{" + "a==value_json and " * 80 + "1}}",
        "{{" + "bool(value_json) or " * 80 + "1}}",
        "{{max(value_json)}}" * 90,
        "{{value_json|max}}" * 90,
        "{{value_json.index(value_json)}}" * 60,
    ],
)
def test_what_goes_through_a_list_costs_its_items(template: str) -> None:
    payload = json.dumps([[number] for number in range(50_000)])
    with pytest.raises((value_templates.Unsupported, value_templates.NoValue)):
        value_templates.render(template, payload)


@pytest.mark.parametrize("call", ["value.strip(signs)", "value|trim(signs)"])
def test_few_signs_are_taken_off(call: str) -> None:
    template = f"{{%set signs=value%}}{{{{{call}|length}}}}"
    with pytest.raises(value_templates.Unsupported, match="64 signs"):
        value_templates.render(template, "ab" * 100_000)
    assert value_templates.render("{{value.strip('-')}}", "--a-") == "a"


def test_what_is_kept_of_a_packet_counts_more_than_what_is_made_on_the_way() -> None:
    entities = {f"e{n}": {"p": "sensor", "stat_t": "a/b"} for n in range(250)}
    made = homeassistant.HomeAssistant()
    made.decode(
        packet(
            "homeassistant/device/x/config", json.dumps({"cmps": entities, "dev": {"ids": "x"}})
        ),
        Limits(),
    )
    (message,) = made.decode(packet("a/b", "x" * 4_000), Limits()) or ()
    kept = sum(len(sample.text or "") for sample in message.samples)
    assert 0 < kept <= value_templates.MAX_MADE / homeassistant.KEPT


@pytest.mark.parametrize("key", ["-" * 200_000 + "a", "a" + "-_" * 100_000, "-" * 200_000])
def test_a_key_of_nothing_but_dashes_is_read_at_once(key: str) -> None:
    entities = {f"{n}{key}": {"p": "sensor", "stat_t": "a/b"} for n in range(1)}
    made = homeassistant.HomeAssistant()
    began = time.perf_counter()
    made.decode(
        packet(
            "homeassistant/device/x/config", json.dumps({"cmps": entities, "dev": {"ids": "x"}})
        ),
        Limits(),
    )
    assert time.perf_counter() - began < SECONDS
    assert all(len(use.reading.metric) <= 200 for use in made._uses["a/b"] if use.reading)


def test_words_that_all_entities_share_are_kept_once() -> None:
    entities = {f"e{n}": {"p": "sensor", "stat_t": f"a/{n}"} for n in range(200)}
    message = {
        "cmps": entities,
        "dev": {"ids": "x"},
        "ops": ["o" * 2_500 + str(n) for n in range(90)],
    }
    made = homeassistant.HomeAssistant()
    with at_most(15):
        made.decode(packet("homeassistant/device/x/config", json.dumps(message)), Limits())
    assert len({id(use.reading.described.states) for (use,) in made._uses.values()}) == 1


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
def test_many_filters_with_wildcards_are_compared_by_their_levels() -> None:
    filters = tuple(f"a/{number}/+/c" for number in range(20_000))
    topics.uncovered.cache_clear()
    began = time.perf_counter()
    assert topics.uncovered(filters, ("a/7/#", "+/8/x/c")) == tuple(
        one for one in filters if one != "a/7/+/c"
    )
    assert time.perf_counter() - began < SECONDS


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


@pytest.mark.parametrize("name", ["to_json", "tojson"])
def test_how_json_is_laid_out_is_not_chosen(name: str) -> None:
    with at_most(1), pytest.raises((value_templates.Unsupported, value_templates.NoValue)):
        value_templates.render(f"{{{{ value_json|{name}(indent=100000000)|length }}}}", "[1, 2]")
    assert value_templates.render(f"{{{{ value_json|{name} }}}}", "[1, 2]") == "[1, 2]"


def test_long_templates_of_one_topic_are_few() -> None:
    made = homeassistant.HomeAssistant()
    for number in range(50):
        template = "{{ value_json.a" + " + 1" * 60 + f" + {number} }}}}"
        message = {"stat_t": "a/b", "val_tpl": template}
        made.decode(
            packet(f"homeassistant/sensor/x/y{number}/config", json.dumps(message)), Limits()
        )
    assert len(made._uses["a/b"]) == homeassistant.MAX_LONG
    begun = time.monotonic()
    made.decode(packet("a/b", '{"a": 1}'), Limits())
    assert time.monotonic() - begun < SECONDS


def test_all_announcements_together_tell_of_so_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homeassistant, "MAX_READINGS", 10)
    made = homeassistant.HomeAssistant()
    climate = json.dumps({"curr_temp_t": "a", "temp_stat_t": "b", "mode_stat_t": "c"})

    def announce(number: int, message: str = climate) -> None:
        made.decode(packet(f"homeassistant/climate/x/y{number}/config", message), Limits())

    for number in range(3):
        announce(number)
    with pytest.raises(Undecodable, match="more than 10 values"):
        announce(3)
    announce(1)  # the same again takes nothing
    announce(1, "")
    announce(3)
    assert sorted(key for key, _message in made.state.items()) == [
        f"climate/x/y{n}" for n in (0, 2, 3)
    ]
    monkeypatch.setattr(homeassistant, "MAX_READINGS", 5)
    # Whoever takes over with a smaller bound reads what fits.
    assert len(homeassistant.HomeAssistant(state=made.state)._announced) == 1


def test_a_text_weighs_what_it_takes() -> None:
    assert weight("a" * 100) < weight("ä" * 100) == weight("😀" * 100) > 400
