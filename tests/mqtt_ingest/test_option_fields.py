"""Options of conventions as forms have them, and back; what is wrong names its place."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from devices.models import Source
from mqtt_ingest import option_fields
from mqtt_ingest.core import conventions

TEMPLATES = [
    {"topic": "hall/{device}/{metric*}", "metrics": {"t": {"unit": "°C", "scale": 0.1}}},
    {"topic": "hall/log", "kind": "ignore"},
]


def source(convention: str, **options: Any) -> Source:
    return Source(name="it", convention=convention, options=options)


@pytest.mark.parametrize("name", conventions.names())
def test_the_options_of_every_convention_have_fields_that_give_them_back(name: str) -> None:
    one = source(name)
    given = {field.name: field.value for field in option_fields.fields(one)}
    assert option_fields.options(one, given) == {}
    assert set(given) == set(conventions.find(name).Options.model_fields)


def test_kinds_follow_what_an_option_is() -> None:
    kinds = {
        (name, field.name): field.kind
        for name in ("sparkplug_b", "influx_line", "templates")
        for field in option_fields.fields(source(name))
    }
    assert kinds[("sparkplug_b", "rebirth")] == "boolean"
    assert kinds[("sparkplug_b", "groups")] == "lines"
    assert kinds[("influx_line", "precision")] == "choice"
    assert kinds[("templates", "templates")] == "yaml"


def test_lines_and_boxes_are_read() -> None:
    one = source("sparkplug_b")
    made = option_fields.options(one, {"groups": " a \n\nb", "rebirth": True})
    assert made == {"groups": ["a", "b"], "rebirth": True}
    one.options = made
    assert {f.name: f.value for f in option_fields.fields(one)} == {
        "groups": "a\nb",
        "rebirth": True,
    }


def test_templates_are_yaml_that_comes_back() -> None:
    one = source("templates", templates=TEMPLATES)
    (field,) = option_fields.fields(one)
    assert "topic: hall/{device}/{metric*}" in str(field.value)
    assert "unit: °C" in str(field.value)
    assert option_fields.options(one, {"templates": field.value}) == {"templates": TEMPLATES}
    whole = "templates:\n" + str(field.value)
    assert option_fields.options(one, {"templates": whole}) == {"templates": TEMPLATES}
    assert option_fields.options(one, {"templates": " "}) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- topic: a/{device\n", "1 topic: 'a/{device': a brace is not closed"),
        (
            "- {topic: a, device: x}\n- {topic: b, device: x, colour: red}\n",
            "2 colour: Extra inputs are not permitted",
        ),
        ("- topic: [a\n", "line 2, column 1: "),
        ("- {topic: a, device: '{house}'}\n", "the topic captures no 'house'"),
        ("a: &x [1]\nb: *x\n", "aliases are not read here"),
        ("- !!python/object:os.system {}\n", "This is no YAML"),
        ("just text", "Input should be a valid tuple"),
        ("[" * 5_000, "This is no YAML"),
        ("x" * (option_fields.MAX_YAML + 1), "Longer than 500000 characters"),
    ],
)
def test_what_is_wrong_names_its_place(text: str, words: str) -> None:
    with pytest.raises(ValidationError) as error:
        option_fields.options(source("templates"), {"templates": text})
    (told,) = error.value.message_dict["templates"][:1]
    assert words in told


def test_yaml_is_in_the_order_of_the_documentation_and_what_is_wrong_is_shown() -> None:
    (field,) = option_fields.fields(
        source("templates", templates=[{"zone": "UTC", **TEMPLATES[0]}])
    )
    assert str(field.value).index("topic:") < str(field.value).index("zone:")
    (field,) = option_fields.fields(source("templates", templates=[{"colour": "red"}]))
    assert field.value == "- colour: red\n"
