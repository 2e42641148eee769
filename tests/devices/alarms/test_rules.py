"""A rule that could never be raised, or always would be, is refused by its field."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from devices.alarms.models import Rule
from devices.alarms.watched import is_like

pytestmark = pytest.mark.usefixtures("db")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "above"}, "high"),
        ({"kind": "below"}, "low"),
        ({"kind": "outside", "low": 1}, "high"),
        ({"kind": "outside", "low": 5, "high": 5}, "low"),
        ({"kind": "outside", "low": 1, "high": 5, "hysteresis": 4}, "hysteresis"),
        ({"kind": "above", "high": 1, "hysteresis": -1}, "hysteresis"),
        ({"kind": "equals"}, "words"),
        ({"kind": "rate", "window_s": 60}, "high"),
        ({"kind": "rate", "high": 1}, "window_s"),
        ({"kind": "rate", "high": -1, "window_s": 60}, "high"),
        ({"kind": "stuck"}, "window_s"),
        ({"kind": "missing"}, "for_s"),
        ({"kind": "missing", "for_s": 2**31}, "for_s"),
        ({"kind": "difference", "high": 1}, "other_metric"),
        ({"kind": "difference", "high": 1, "other_metric": "t"}, "other_metric"),
        ({"kind": "difference", "high": 1, "other_metric": "u*"}, "other_metric"),
        ({"kind": "difference", "other_metric": "u"}, "high"),
        ({"kind": "above", "high": 1, "metric": ""}, "metric"),
        ({"kind": "above", "high": 1, "days": "11"}, "days"),
        ({"kind": "above", "high": 1, "days": "08"}, "days"),
        ({"kind": "above", "high": 1, "starts": "06:00"}, "ends"),
        ({"kind": "above", "high": 1, "zone": "Nowhere"}, "zone"),
        ({"kind": "above", "high": 1, "runbook": "javascript:alert(1)"}, "runbook"),
        ({"kind": "sometimes"}, "kind"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Rule(**{"name": "x", "metric": "t", **fields}).full_clean()
    assert set(caught.value.message_dict) == {wrong}


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "above", "high": 0},
        {"kind": "outside", "low": -5, "high": 0, "hysteresis": 1},
        {"kind": "rate", "low": 0, "window_s": 1},
        {"kind": "missing", "for_s": 1, "metric": ""},
        {"kind": "changes"},
        {"kind": "above", "high": 0, "days": "71", "starts": "22:00", "ends": "06:00"},
    ],
)
def test_what_can_be_is_taken(fields: dict[str, Any]) -> None:
    Rule(**{"name": "x", "metric": "t", **fields}).full_clean()


def test_what_another_kind_was_made_of_is_forgotten() -> None:
    rule = Rule(name="x", metric="t", kind="missing", for_s=9, low=1, high=2, words="a", unit="V")
    rule.full_clean()
    assert (rule.low, rule.high, rule.words, rule.unit, rule.for_s) == (None, None, "", "", 9)


@pytest.mark.parametrize(
    ("metric", "pattern", "expected"),
    [
        *(("t", "t", True), ("t", "*", True), ("", "*", True), ("tt", "t", False)),
        *(("oil.temperature", "*temperature", True), ("oil.temp", "*temperature", False)),
        *(("oil.temperature", "oil*", True), ("oil.temperature", "o*t*e", True)),
        *(("aba", "ab*ba", False), ("abba", "ab*ba", True), ("T", "t*", False)),
        *(("a.b", "a?b*", False), ("100%", "100%*", True), ("xay", "*a*", True)),
    ],
)
def test_a_pattern_has_stars_and_nothing_else(metric: str, pattern: str, expected: bool) -> None:
    assert is_like(metric, pattern) is expected


def test_a_pattern_of_stars_alone_holds_nobody_up() -> None:
    assert not is_like("a" * 200, "*a" * 99 + "*b")
