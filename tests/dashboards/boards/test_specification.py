"""Specifications of boards: what may be stored, and the words where it may not."""

from typing import Any

import pytest

from dashboards.boards.specification import LONGEST, WIDGETS, WrongSpecification, checked


def lines(number: int = 1, **more: Any) -> dict[str, Any]:
    one = {"id": f"w{number}", "kind": "lines", "x": 0, "y": 0, "w": 6, "h": 4}
    return {**one, "options": {"keys": ["press/t"]}, **more}


def board(*widgets: Any, **more: Any) -> dict[str, Any]:
    return {"version": 1, "widgets": list(widgets), **more}


def words(given: Any, before: Any = None) -> str:
    with pytest.raises(WrongSpecification) as caught:
        checked(given, before)
    return str(caught.value)


def test_a_board_is_stored_with_everything_it_says() -> None:
    variables = [{"name": "press", "kind": "device", "type": "press"}]
    stored = checked(board(lines(options={"keys": ["$press/t"]}), variables=variables, minutes=5))
    assert stored["minutes"] == 5
    assert stored["widgets"] == [lines(options={"keys": ["$press/t"]})]
    assert stored["variables"][0]["default"] == ""
    assert checked(stored) == stored


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (board(lines(kind="clock")), "widgets.0.kind: There is no widget 'clock'"),
        (board(lines(options={"keys": []})), "widgets.0.options.keys: "),
        (board(lines(options={"key": "a/b"})), "widgets.0.options.key"),
        (board(lines(x=8)), "widgets.0: x + w must be 12 at most"),
        (board(lines(x=-1)), "widgets.0.x: "),
        (board(lines(h=0)), "widgets.0.h: "),
        (board(lines(id="a b")), "widgets.0.id: "),
        (board(lines(), lines()), "widgets: w1 is there twice"),
        (board(lines(options={"keys": ["$none/t"]})), "there is no variable $none"),
        (board(variables=[{"name": "A", "kind": "device"}]), "variables.0.name: "),
        (board(variables=[{"name": "a", "kind": "planet"}]), "variables.0.kind: "),
        (board(variables=[{"name": "a", "kind": "tag"}] * 2), "variables: a is there twice"),
        (board(minutes=0), "minutes: "),
        (board(colour="red"), "colour: "),
        (board(*(lines(n) for n in range(WIDGETS + 1))), "widgets: "),
        ({"version": 2}, "version: 2 is not 1"),
        ({"version": 1, "widgets": "many"}, "widgets: "),
        ([], "valid dictionary"),
        ("x" * LONGEST, f"longer than {LONGEST} bytes"),
        (board(lines(options={"keys": ["a/b"], "title": float("nan")})), "this is no JSON"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(given: Any, told: str) -> None:
    assert told in words(given)


def test_nesting_without_end_is_refused() -> None:
    nested: Any = []
    for _ in range(5_000):
        nested = [nested]
    assert "this is no JSON" in words({"widgets": nested})


def test_dollars_in_words_are_no_variables() -> None:
    text = {"id": "t", "kind": "text", "x": 0, "y": 0, "w": 3, "h": 2}
    assert checked(board({**text, "options": {"text": "$press", "title": "$5 a day"}}))


def test_a_widget_whose_app_is_gone_may_stay_but_not_come() -> None:
    gone = lines(kind="compass")
    assert checked(board(gone, lines(2)), board(gone))["widgets"][0]["kind"] == "compass"
    assert checked(board({**gone, "x": 3}), board(gone))
    assert "compass" in words(board({**gone, "options": {"keys": ["a/b"]}}), board(gone))
    assert "compass" in words(board(gone), board(lines()))
