"""Two people change one board at the same time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.boards.merging import Conflict, merged, without_overlaps


def widget(name: str, title: str = "", **place: int) -> dict[str, Any]:
    area = {"x": 0, "y": 0, "w": 3, "h": 2, **place}
    return {"id": name, "kind": "text", "options": {"title": title}, **area}


def board(*widgets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"version": 1, "widgets": list(widgets), **more}


BASE = board(widget("a"), widget("b", x=3), minutes=60)


def both(theirs: Any, mine: Any, *, prefer_mine: bool = False) -> Any:
    return merged(BASE, theirs, mine, prefer_mine=prefer_mine)


def test_different_widgets_are_both_taken() -> None:
    theirs = board(widget("a", "hers"), widget("b", x=3), minutes=60)
    mine = board(widget("a"), widget("b", "his", x=3), widget("c", y=2), minutes=5)
    found = both(theirs, mine)
    titles = {one["id"]: one["options"]["title"] for one in found["widgets"]}
    assert titles == {"a": "hers", "b": "his", "c": ""}
    assert found["minutes"] == 5


def test_what_one_takes_off_is_gone_and_what_the_other_adds_is_there() -> None:
    theirs = board(widget("b", x=3), minutes=60)
    mine = board(widget("a"), widget("b", x=3), widget("c"), minutes=60)
    assert [one["id"] for one in both(theirs, mine)["widgets"]] == ["b", "c"]


@pytest.mark.parametrize(
    ("theirs", "mine", "names"),
    [
        (board(widget("a", "hers")), board(widget("a", "his")), ["a"]),
        (board(widget("a", "hers")), board(), ["a"]),
        (board(minutes=5), board(minutes=6), ["minutes"]),
    ],
)
def test_the_same_thing_changed_by_both_is_a_conflict(theirs: Any, mine: Any, names: Any) -> None:
    base = board(widget("a"), minutes=60) if names == ["a"] else board(minutes=60)
    with pytest.raises(Conflict) as caught:
        merged(base, {"minutes": 60, **theirs}, {"minutes": 60, **mine}, prefer_mine=False)
    assert caught.value.names == names
    found = merged(base, theirs, mine, prefer_mine=True)
    assert found.get("minutes", 60) == mine.get("minutes", 60)
    assert [one["options"] for one in found["widgets"]] == [
        one["options"] for one in mine["widgets"]
    ]


def test_where_both_moved_a_widget_the_last_one_wins() -> None:
    theirs = board(widget("a", x=6), widget("b", x=3), minutes=60)
    mine = board(widget("a", x=9), widget("b", x=3), minutes=60)
    assert both(theirs, mine)["widgets"][0]["x"] == 9
    mine = board(widget("a"), widget("b", "his", x=3), minutes=60)
    assert both(theirs, mine)["widgets"][0]["x"] == 6


AREAS = st.lists(
    st.builds(
        lambda x, y, w, h: {"x": min(x, 12 - w), "y": y, "w": w, "h": h},
        *(st.integers(0, 11), st.integers(0, 20), st.integers(1, 12), st.integers(1, 6)),
    ),
    max_size=12,
)


def test_one_moves_a_widget_while_the_other_makes_it_larger() -> None:
    moved = board(widget("a"), widget("b", x=9, y=4), minutes=60)
    larger = board(widget("a"), widget("b", x=3, w=5, h=7), minutes=60)
    for theirs, mine in ((moved, larger), (larger, moved)):
        place = both(theirs, mine)["widgets"][1]
        assert (place["x"], place["y"], place["w"], place["h"]) == (7, 4, 5, 7)


@given(AREAS)
def test_nothing_lies_on_anything_else_and_nothing_floats(areas: list[dict[str, int]]) -> None:
    taken: dict[tuple[int, int], int] = {}
    for number, one in enumerate(without_overlaps(areas)):
        for x in range(one["x"], one["x"] + one["w"]):
            for y in range(one["y"], one["y"] + one["h"]):
                assert taken.setdefault((x, y), number) == number
        above = {(x, one["y"] - 1) for x in range(one["x"], one["x"] + one["w"])}
        assert one["y"] == 0 or above & set(taken)


def test_what_lies_on_nothing_stays() -> None:
    areas = [{"x": 0, "y": 0, "w": 12, "h": 2}, {"x": 0, "y": 2, "w": 6, "h": 2}]
    assert without_overlaps(areas) == areas
