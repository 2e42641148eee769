"""Value templates are interpreted by a list of what is allowed, and never executed."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core.conventions.homeassistant import value_templates
from mqtt_ingest.core.conventions.homeassistant.value_templates import (
    NoValue,
    Unsupported,
    path_of,
    render,
)

PAYLOAD: Any = {
    "temp": 21.456,
    "text": "on",
    "list": [1, 2, 3],
    "deep": {"a b": {"c": 5}},
    "none": None,
    "zero": 0,
}


def made(template: str, payload: Any = PAYLOAD) -> str:
    return render(template, payload if isinstance(payload, str) else json.dumps(payload))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", json.dumps(PAYLOAD)),
        ("{{ value_json.temp }}", "21.456"),
        ("{{ value_json['deep']['a b'].c }}", "5"),
        ("{{ value_json.list[1] }}", "2"),
        ("{{ value_json.temp | round(1) }}", "21.5"),
        ("{{ value_json.temp | int }}", "21"),
        ("{{ (value_json.temp | float - 1) * 2 }}", "40.912"),
        ("{{ value_json.missing | default(7) }}", "7"),
        ("{{ 'ON' if value_json.text == 'on' else 'OFF' }}", "ON"),
        ("{% if value_json.temp > 20 %}warm{% else %}cold{% endif %}", "warm"),
        ("{% set x = value_json.zero %}{{ x + 1 }}", "1"),
        ("{{ value_json.get('none', 3) }}", "None"),
        ("{{ value_json.text.upper() ~ '!' }}", "ON!"),
        ("{{ value_json.missing is defined }}", "False"),
        ("{{ value_json.none is none }}", "True"),
        ("{{ value_json.list | length }} of {{ value_json.list | max }}", "3 of 3"),
        ("{{ iif(value_json.zero, 'a', 'b') }}", "b"),
        ("{{ 3 in value_json.list and not false }}", "True"),
        ("{% if false %}a{% elif value_json.zero %}b{% elif true %}c{% endif %}", "c"),
        ("{% if false %}a{% elif false %}b{% else %}c{% endif %}", "c"),
        ("{{ value_json.text[:1] }}{{ value_json.text[1:] }}", "on"),
        ("{{ 1 < 2 < 2 }}", "False"),
        ("{{ {'on': 1, 'off': 0}[value_json.text] }}", "1"),
        ("{{ value_json.list }}", "[1, 2, 3]"),
        ("{{ value_json.text | float(7) }}", "7"),
        ("{{ value_json.text | int(8) }}", "8"),
        ("{{ 'ff' | int(0, 16) }}", "255"),
        ("{{ value_json.text | round(1, default='x') }}", "x"),
        ("{{ 21.456 | round(1, 'floor') }} {{ 21.456 | round(1, 'ceil') }}", "21.4 21.5"),
        ("{{ 'yes' | bool }} {{ 'off' | bool }} {{ 'odd' | bool(true) }}", "True False True"),
        ("{{ iif(value_json.none, 'a', 'b', 'c') }}", "c"),
        ("{{ value_json.list | join('-') }}", "1-2-3"),
        ("{{ 2 ** 8 }}", "256"),
        ("{{ value_json.zero | is_defined }}", "0"),
    ],
)
def test_what_templates_commonly_ask_for_is_done(template: str, expected: str) -> None:
    assert made(template) == expected


def test_a_payload_that_is_no_json_is_the_value() -> None:
    assert made("{{ value | float / 10 }}", "215") == "21.5"
    with pytest.raises(NoValue):
        made("{{ value_json.temp }}", "215")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ value_json.text + 1 }}", "cannot be added"),
        ("{{ value_json.text | float }}", "'on' is no number"),
        ("{{ value_json.text | int }}", "'on' is no number"),
        ("{{ 'odd' | bool }}", "neither true nor false"),
        ("{{ value_json.missing | round }}", "there is no missing"),
        ("{{ value_json.missing | is_defined }}", "it is not defined"),
    ],
)
def test_a_payload_that_does_not_fit_has_no_value(template: str, why: str) -> None:
    with pytest.raises(NoValue, match=why):
        made(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json.text is sameas 1 }}",
        "{{ 2 ** 65 }}",
        "{{ value_json.list[1:2, 1] }}",
        "{{ [1, 2] | map('upper') }}",
        "{{ value_json }}" * 300,
        "{{ ''.__class__.__mro__ }}",
        "{{ value_json['__class__'] }}",
        "{{ cycler.__init__ }}",
        "{% for x in range(10) %}{{ x }}{% endfor %}",
        "{% import 'os' as os %}",
        "{{ states('sensor.x') }}",
        "{{ value_json.text * 1000000 }}",
        "{{ 9 ** 64 ** 64 ** 64 }}",
        "{% set x = 'a' * 3 %}" + "{% set x = x ~ x ~ x %}" * 20 + "{{ x }}",
        "{% set x = [1, 1] %}" + "{% set x = [x, x] %}" * 30 + "{{ x }}",
        "{% set x = 'ab' %}" + "{% set x = x.replace('a', 'aaaaaaaa') %}" * 20 + "{{ x }}",
        "{{ value_json.temp | attr('x') }}",
        "{{ '%s' % value_json }}",
        "{{ value.format(1) }}",
        "{{" + "(" * 400 + "1" + ")" * 400 + "}}",
        "{{ 1 + }}",
        "x" * 3_000,
    ],
)
def test_anything_else_is_refused_by_name(template: str) -> None:
    with pytest.raises((Unsupported, NoValue)) as refused:
        made(template)
    assert str(refused.value)


def test_work_is_bounded() -> None:
    assert made("{% set x = 99 %}" + "{% set x = x * x %}" * 20 + "{{ x }}") == "inf"
    with pytest.raises(Unsupported, match="steps"):
        made("{{ " + " + ".join(["1"] * 400) + " }}")


@given(st.text(max_size=200), st.text(max_size=50))
def test_any_text_is_rendered_or_refused(template: str, payload: str) -> None:
    with contextlib.suppress(Unsupported, NoValue):
        assert isinstance(render(template, payload), str)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{{ value_json.a.b }}", ["a", "b"]),
        ("{{ value_json['x'][0] | float | round(2) }}", ["x", 0]),
        ("{{ value_json.a + 1 }}", None),
        ("{{ value }}", None),
        ("plain", None),
        ("{{ value_json[value_json.a] }}", None),
        ("{% broken", None),
    ],
)
def test_the_path_below_the_payload_is_told(template: str, path: Any) -> None:
    assert path_of(template) == path


def test_a_payload_that_is_no_json_gives_nothing_back() -> None:
    with pytest.raises(NoValue):
        made("{{ value_json }}", "no JSON")
    with pytest.raises(NoValue, match="no JSON"):
        made("{{ value_json.temp }}", "no JSON")


def test_a_value_may_be_given_beside_its_text() -> None:
    assert render("{{ value_json.a }}", "", {"a": 1}) == "1"


def test_output_and_depth_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unsupported, match="an output of more than"):
        made("{{ value }}{{ value }}", "x" * 900)

    def deep(_run: object, _tree: object) -> str:
        raise RecursionError

    monkeypatch.setattr(value_templates._Run, "template", deep)
    with pytest.raises(Unsupported, match="nested too deeply"):
        made("{{ value }}")
