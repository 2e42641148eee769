"""Topic names and filters as MQTT has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.topics import (
    MAX_TOPIC,
    check_topic,
    device_level,
    filter_problem,
    matches,
    uncovered,
)


def covers(wide: str, narrow: str) -> bool:
    """Return whether every topic that matches the filter `narrow` matches `wide`, too."""
    if narrow[:1] == "$" != wide[:1] and wide[:1] in {"+", "#"}:
        return False
    wanted, levels = wide.split("/"), narrow.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or levels[index] == "#":
            return False
        if level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)


levels = st.lists(st.text("ab1$", max_size=3), min_size=1, max_size=5)


@given(levels)
def test_a_topic_matches_itself_and_hash(parts: list[str]) -> None:
    topic = "/".join(parts)
    assert matches(topic, topic)
    assert matches("#", topic) is not topic.startswith("$")
    assert matches(f"{topic}/#", topic)


@given(levels, st.integers(1, 4))
def test_a_plus_stands_for_exactly_one_level(parts: list[str], at: int) -> None:
    if at < len(parts):
        wild = [*parts[:at], "+", *parts[at + 1 :]]
        assert matches("/".join(wild), "/".join(parts))
        assert not matches("/".join(wild), "/".join([*parts, "more"]))


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("devices/+/status", "devices/a/status", True),
        ("devices/+/status", "devices/a/b/status", False),
        ("devices/+/telemetry/#", "devices/a/telemetry", True),
        ("devices/+/telemetry/#", "devices/a/telemetry/x/y", True),
        ("+/a", "$SYS/a", False),
        ("$SYS/#", "$SYS/a", True),
        ("a", "a/b", False),
        ("a/b", "a", False),
    ],
)
def test_examples(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


@pytest.mark.parametrize("topic", ["", "a/+/b", "a/#", "a\0b", "a/\udcff", "/".join("a" * 65)])
def test_bad_topics_are_refused(topic: str) -> None:
    with pytest.raises(Undecodable, match="bad_topic"):
        check_topic(topic, 64)


@pytest.mark.parametrize(
    ("topic_filter", "good"),
    [
        ("#", True),
        ("+/+", True),
        ("/", True),
        ("$SYS/#", True),
        ("a+/b", False),
        (7, False),
        ("\ud800", False),
        ("x" * 65_536, False),
        ("$share/g/a", False),
        ("a/+/#", True),
        ("", False),
        ("a#", False),
        ("a/#/b", False),
        ("a\0", False),
    ],
)
def test_valid_filters(topic_filter: str, good: bool) -> None:
    assert (filter_problem(topic_filter) == "") is good


def test_a_topic_may_not_be_too_long() -> None:
    with pytest.raises(Undecodable, match="longer than"):
        check_topic("x" * (MAX_TOPIC + 1), 20)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("a/#", "a/b/c", True),
        ("a/#", "a/#", True),
        ("+/b", "a/b", True),
        ("a/+", "a/#", False),
        ("a/b", "a/+", False),
        ("a/+/c", "a/b", False),
        ("a", "a/b", False),
        ("#", "$SYS/a", False),
        ("$SYS/#", "$SYS/a", True),
    ],
)
def test_a_filter_covers_another(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected
    assert (uncovered((narrow,), (wide,)) == ()) is expected


def test_what_a_wider_filter_brings_is_not_subscribed_twice() -> None:
    assert uncovered(("a/b", "a/#", "a/#", "c"), ("c/#", "d")) == ("a/#",)
    assert uncovered(("a/b", "$x/b", "+/+"), ("+/b",)) == ("$x/b", "+/+")


filters = st.builds(
    lambda parts, rest: "/".join([*parts, *rest]),
    st.lists(st.sampled_from(["a", "b", "+", "", "$s"]), min_size=1, max_size=4),
    st.sampled_from([[], ["#"]]),
) | st.just("#")


@given(st.lists(filters, max_size=6), st.lists(filters, max_size=3))
def test_the_tree_of_filters_finds_what_pairs_do(own: list[str], others: list[str]) -> None:
    wide = {*own, *others}
    expected = [
        one
        for one in dict.fromkeys(own)
        if one not in others and not any(other != one and covers(other, one) for other in wide)
    ]
    assert list(uncovered(tuple(own), tuple(others))) == expected


@pytest.mark.parametrize(
    ("topic", "level"), [("devices/a/telemetry", "a"), ("a/b", "b"), ("a", ""), ("/", "")]
)
def test_the_second_level_names_the_device(topic: str, level: str) -> None:
    assert device_level(topic) == level
