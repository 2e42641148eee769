"""Templates of people take bounded time and room, whatever topics come."""

import time

import pydantic
import pytest

from mqtt_ingest.core.conventions.by_template import Template
from mqtt_ingest.core.conventions.template_bounds import check_bounds
from mqtt_ingest.core.conventions.templates import BadTemplate, compiled


@pytest.mark.parametrize(
    "text",
    [
        "zz/{device:(a|aa)+b}",
        "zz/{device:(a+)+}",
        "zz/{device:(?:x[0-9]+){2,}}",
        "zz/{device:(?=a)a}",
        r"zz/{device:(a)\1}",
        "a/{a:.*}/{b:.*}/{c:.*}/{device:.*}",
        "{a}-{b}-{c}-{device}",
        "{a*}/x/{b*}/y/{c*}/z/{device*}",
        "{device:" + "a" * 201 + "}",
        "{device}/" + "a" * 1_000,
        "{device:[a}",
        "{device}/a\0b",
        "{device:" + "(" * 150 + "a" + ")" * 20 + "}",
    ],
)
def test_what_could_take_long_is_refused(text: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        Template(topic=text)


@pytest.mark.parametrize(
    "text",
    [
        "plant/{site}/{line}/{device}/{metric*}",
        "{vendor}-{model}-{device}/up",
        "{device:[0-9a-f]{12}}/state",
        "x/{device:sensor-[0-9]+}/{metric:(temp|hum)}",
        "a|b/{device}/#",
        "{device:(?:a|b)c?}/{metric}",
    ],
)
def test_what_people_write_is_taken(text: str) -> None:
    check_bounds(text)
    Template(topic=text)


def test_the_slowest_that_is_taken_is_quick_enough() -> None:
    made = compiled("{a}-{b}-{device}x")
    check_bounds("{a}-{b}-{device}x")
    began = time.process_time()
    assert made.match("-" * 1_024) is None
    assert made.match("-/" * 512) is None
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "device", ["{device:>300000000}", "{device!r}", "{device[a]}", "{device.x}"]
)
def test_names_are_put_together_of_captures_alone(device: str) -> None:
    with pytest.raises(pydantic.ValidationError, match="the name of a capture alone"):
        Template(topic="{device}/a", device=device)


def test_an_expression_that_is_none_is_refused_by_itself() -> None:
    with pytest.raises(BadTemplate, match="unterminated character set"):
        check_bounds("{device:[a}")


def test_a_bound_is_named() -> None:
    with pytest.raises(BadTemplate, match="only single characters are repeated"):
        check_bounds("{device:(ab)*}")
