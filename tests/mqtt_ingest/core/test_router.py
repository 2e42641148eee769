"""Packets go to the Sources whose filters match, most specific first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core.conventions.native import Native
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.router import Route, Router
from mqtt_ingest.core.topics import filter_problem, matches

LEVEL = st.sampled_from(["a", "b", "", "$x", "c d"])
TOPIC = st.lists(LEVEL, min_size=1, max_size=5).map("/".join)
FILTER = st.lists(st.one_of(LEVEL, st.sampled_from("+#")), min_size=1, max_size=5).map("/".join)


def route(name: str, *filters: str) -> Route:
    return Route(name, Native(), Limits(), filters)


def names(router: Router, topic: str) -> list[str]:
    return [one.source for one in router.routes_of(topic)]


def test_the_most_specific_filter_comes_first() -> None:
    router = Router(
        [route("all", "#"), route("below", "a/#"), route("any", "a/+/c"), route("own", "a/b/c")]
    )
    assert names(router, "a/b/c") == ["own", "any", "below", "all"]
    assert names(router, "a") == ["below", "all"]
    assert names(router, "x") == ["all"]


def test_a_source_is_asked_once_however_many_of_its_filters_match() -> None:
    router = Router([route("one", "a/+", "a/b", "#", "a/b"), route("two", "a/b")])
    assert names(router, "a/b") == ["one", "two"]


def test_the_group_of_a_shared_subscription_is_no_level() -> None:
    assert names(Router([route("one", "$share/group/a/+")]), "a/b") == ["one"]


@pytest.mark.parametrize("topic_filter", ["#", "+/b", "+/#"])
def test_no_wildcard_matches_a_first_level_of_the_broker(topic_filter: str) -> None:
    router = Router([route("one", topic_filter)])
    assert names(router, "$SYS/b") == []


@given(st.lists(FILTER.filter(lambda name: not filter_problem(name)), max_size=6), TOPIC)
def test_the_tree_matches_as_one_filter_after_the_other_does(
    filters: list[str], topic: str
) -> None:
    router = Router([route(str(place), one) for place, one in enumerate(filters)])
    expected = {str(place) for place, one in enumerate(filters) if matches(one, topic)}
    assert set(names(router, topic)) == expected


def test_what_is_remembered_of_topics_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqtt_ingest.core.router.MAX_REMEMBERED", 3)
    router = Router([route("all", "#")])
    assert all(names(router, f"t/{n}") == ["all"] for n in range(10))
    assert len(router._remembered) <= 3
