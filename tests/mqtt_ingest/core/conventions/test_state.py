"""What conventions remember, and what of it is stored."""

from typing import Any

import pytest

from mqtt_ingest.core.conventions import state as module
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.errors import Undecodable


def test_changes_are_told_once_under_the_stored_names() -> None:
    state = State({"x:a": 1, "y:a": 2}, prefix="x:")
    assert state.get("a") == 1
    assert state.put("b", {"name": "lamp"})
    assert state.put("a", None)
    assert state.changes() == {"x:b": {"name": "lamp"}, "x:a": None}
    assert state.changes() is None


def test_what_is_the_same_is_no_change() -> None:
    state = State({"a": [1, 2]})
    version = state.version
    assert not state.put("a", [1, 2])
    assert not state.put("b", None)
    assert (state.changes(), state.version) == (None, version)


def test_state_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEYS", 2)
    state = State({"a": 1, "b": 2})
    state.put("a", 3)
    with pytest.raises(Undecodable, match="too_much_state"):
        state.put("c", 1)
    with pytest.raises(Undecodable, match="too_much_state"):
        state.put("c" * 501, 1)


def test_what_no_database_takes_is_not_remembered_as_it_is() -> None:
    state = State()
    state.put("a\x00", {"b\x00": ["\ud800", 1], "c": "line\nline"})
    assert state.changes() == {"a\ufffd": {"b\ufffd": ["\ufffd", 1], "c": "line\nline"}}
    deep: Any = 1
    for _level in range(70):
        deep = [deep]
    with pytest.raises(Undecodable, match="nested more than 64"):
        state.put("deep", deep)
