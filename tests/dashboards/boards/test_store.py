"""Drafts, what was published of them, and two editors of one board."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from dashboards.boards import rights, store
from dashboards.boards.specification import WrongSpecification
from dashboards.models import Board
from devices.access import Scope

pytestmark = pytest.mark.usefixtures("tables")


def text(name: str, words: str = "", **place: int) -> dict[str, Any]:
    area = {"x": 0, "y": 0, "w": 3, "h": 2, **place}
    return {"id": name, "kind": "text", "options": {"text": words}, **area}


def with_widgets(board: Board, *widgets: Any) -> dict[str, Any]:
    return {**board.draft, "widgets": list(widgets)}


@pytest.fixture
def anna() -> Any:
    return get_user_model().objects.create_user("anna")


@pytest.fixture
def ben() -> Any:
    return get_user_model().objects.create_user("ben")


def test_a_board_gets_an_address_of_its_title(anna: Any) -> None:
    assert [store.make(anna, "Oil presses").slug for _ in range(2)] == [
        "oil-presses",
        "oil-presses-2",
    ]
    assert store.make(anna, "Ölpressen …").slug == "olpressen"
    assert store.make(anna, "压力").slug == "board"
    assert store.make(anna, "Type").slug == "type-2"
    assert len(store.make(anna, "x" * 200).slug) <= 80


@pytest.mark.parametrize("slug", ["Ab", "a b", "-a", "type", "site", "without-site", "mine"])
def test_an_address_that_cannot_be_is_refused(anna: Any, slug: str) -> None:
    with pytest.raises(ValidationError):
        store.make(anna, "A", slug=slug)


def test_nobody_has_boards_without_end(anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BOARDS", 1)
    store.make(anna, "One")
    with pytest.raises(ValidationError, match="delete some first"):
        store.make(anna, "Two")


def test_a_draft_is_shown_when_it_is_published(anna: Any) -> None:
    board = store.make(anna, "Oil")
    assert store.published(board) is None
    board = store.save_draft(board, anna, board.draft, with_widgets(board, text("a")))
    assert board.draft_number == 2
    board = store.publish(board, anna)
    assert (board.revision, store.published(board)) == (1, board.draft)
    # The same again is nothing new.
    assert store.publish(board, anna).revision == 1
    assert store.save_draft(board, anna, board.draft, board.draft).draft_number == 2


def test_a_revision_comes_back_as_the_draft(anna: Any, ben: Any) -> None:
    board = store.make(anna, "Oil", {"widgets": [text("a")]})
    board = store.publish(board, anna)
    board = store.save_draft(board, anna, board.draft, with_widgets(board))
    board = store.publish(board, anna)
    board = store.restore(board, ben, 1)
    assert [one["id"] for one in board.draft["widgets"]] == ["a"]
    assert (board.revision, board.draft_by) == (2, "ben")
    assert store.published(board) == {**board.draft, "widgets": []}
    with pytest.raises(LookupError):
        store.restore(board, ben, 9)


def test_old_revisions_go(anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "REVISIONS", 2)
    board = store.make(anna, "Oil")
    for number in range(4):
        board = store.save_draft(board, anna, board.draft, with_widgets(board, text(f"w{number}")))
        board = store.publish(board, anna)
    assert list(board.revisions.values_list("number", flat=True)) == [4, 3]
    assert store.published(board) == board.draft


def test_two_editors_who_change_different_things_both_keep_theirs(anna: Any, ben: Any) -> None:
    board = store.make(anna, "Oil", {"widgets": [text("a"), text("b", x=3)]})
    base = board.draft
    store.save_draft(board, anna, base, with_widgets(board, text("a", "hers"), text("b", x=3)))
    found = store.save_draft(board, ben, base, with_widgets(board, text("a"), text("c")))
    texts = {one["id"]: one["options"]["text"] for one in found.draft["widgets"]}
    assert texts == {"a": "hers", "c": ""}
    # Where the new one lay on the other, it was moved.
    places = {(one["x"], one["y"]) for one in found.draft["widgets"]}
    assert places == {(0, 0), (0, 2)}


def test_two_editors_of_one_widget_are_told(anna: Any, ben: Any) -> None:
    board = store.make(anna, "Oil", {"widgets": [text("a")]})
    base = board.draft
    store.save_draft(board, anna, base, with_widgets(board, text("a", "hers")))
    mine = with_widgets(board, text("a", "his"))
    with pytest.raises(store.Changed) as caught:
        store.save_draft(board, ben, base, mine)
    assert (caught.value.names, caught.value.board.draft_by) == (["a"], "anna")
    found = store.save_draft(board, ben, base, mine, prefer_mine=True)
    assert found.draft["widgets"][0]["options"]["text"] == "his"


def test_a_wrong_draft_changes_nothing(anna: Any) -> None:
    board = store.make(anna, "Oil")
    with pytest.raises(WrongSpecification):
        store.save_draft(board, anna, board.draft, {"widgets": [text("a", x=11)]})
    board.refresh_from_db()
    assert (board.draft_number, board.draft["widgets"]) == (1, [])


def test_revisions_of_one_board_take_so_much_room(
    anna: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "REVISION_SIZE", 5_000)
    board = store.make(anna, "Oil")
    for number in range(8):
        words = f"{number}" * 2_000
        board = store.save_draft(board, anna, board.draft, with_widgets(board, text("a", words)))
        board = store.publish(board, anna)
    assert list(board.revisions.values_list("number", flat=True)) == [8, 7]
    assert store.published(board) == board.draft


def test_the_address_that_somebody_else_took_meanwhile_is_not_taken(
    anna: Any, ben: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.make(ben, "Oil")
    found = iter(["oil", "oil-2"])
    monkeypatch.setattr(store, "_free_slug", lambda _title: next(found))
    assert store.make(anna, "Oil").slug == "oil-2"
    with pytest.raises(ValidationError):
        store.make(anna, "Oil", slug="oil")


def test_lists_of_boards_read_no_drafts(anna: Any, django_assert_max_num_queries: Any) -> None:
    store.make(anna, "Oil", {"widgets": [text("a", "x" * 5_000)]})
    with django_assert_max_num_queries(3) as asked:
        assert [board.title for board in rights.readable(anna, Scope())] == ["Oil"]
    assert not any('"draft",' in one["sql"] for one in asked.captured_queries)
