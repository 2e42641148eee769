"""Templates of people take bounded time and room, whatever topics come."""

import json
import time

import jmespath
import pydantic
import pytest

from mqtt_ingest.core.conventions.by_template import ByTemplate, Template, TemplateOptions
from mqtt_ingest.core.conventions.template_bounds import MAX_SLOW, check_bounds, check_path
from mqtt_ingest.core.conventions.templates import BadTemplate, compiled
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from tests.support.factories import make_packet


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


@pytest.mark.parametrize("text", ["plant/{device:(?:a|aa|[{{}}])+b}", "x/{device:[{{}}]{2}}"])
def test_what_is_not_looked_at_is_not_compiled(text: str) -> None:
    with pytest.raises(BadTemplate, match="braces within braces"):
        check_bounds(text)


def test_few_templates_are_slow_however_many_there_are() -> None:
    slow = [{"topic": f"{{device}}-{{x}}/{n}"} for n in range(MAX_SLOW)]
    plain = [{"topic": f"a{n}/{{device}}/{{metric*}}"} for n in range(400)]
    TemplateOptions.model_validate({"templates": [*slow, *plain]})
    with pytest.raises(ValueError, match="several parts of any length"):
        TemplateOptions.model_validate({"templates": [*slow, {"topic": "{device}_{x}"}]})


WIDE = "[" + ",".join("@" * 29) + "]"


@pytest.mark.parametrize(
    "path",
    [
        " | ".join([f"to_string({WIDE})"] * 3),
        f"to_string({WIDE}) | to_string({WIDE})",
        "[[@,@,@,@],[@,@,@,@],[@,@,@,@]] | [[@,@,@],[@,@,@]]",
        "join(a, b)",
        "join(@.sep, items[*].name)",
        f"map(&'{'x' * 300}', items)",
        f"map(&{WIDE}, items) | {WIDE}",
    ],
)
def test_a_path_that_makes_far_more_of_a_payload_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="far more of a payload"):
        check_path(path, jmespath.compile(path).parsed)


@pytest.mark.parametrize(
    "path",
    [
        "join('-', [site, to_string(id)])",
        "data[*].{name: n, value: v}",
        "items[?ok].value | [0]",
        "to_string(@)",
        "not_null(a, b, c)",
        "sort_by(items, &t)[-1].v",
    ],
)
def test_an_ordinary_path_is_taken(path: str) -> None:
    check_path(path, jmespath.compile(path).parsed)


def test_records_are_so_many_as_their_paths_leave_room_for() -> None:
    template = {
        "topic": "x/{device}",
        "explode": "@",
        "values": {f"m{n}": "a.b" for n in range(100)},
    }
    source = ByTemplate(TemplateOptions.model_validate({"templates": [template]}))
    few, many = (json.dumps([{"a": {"b": 1}}] * n) for n in (10, 5_000))
    (message,) = source.decode(make_packet("x/d", few), Limits()) or ()
    assert len(message.samples) == 1_000
    with pytest.raises(Undecodable, match="are read by so many paths"):
        source.decode(make_packet("x/d", many), Limits())
