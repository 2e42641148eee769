"""What clients may send, and what is refused by name."""

from typing import Any

import pytest

from dashboards.live.frames import MAX_TAGS, BadFrame, parse_subscribe


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": []}, "kind must be series, latest, fleet, jobs, room, me or alarms"),
        ({"kind": {}}, "kind must be series, latest, fleet, jobs, room, me or alarms"),
        ({"keys": ["a\0/t"]}, "texts without NUL"),
        ({"keys": ["a\ud800/t"]}, "texts without NUL"),
        ({"keys": [5]}, "keys must be a list of texts"),
        ({"kind": "latest", "match": {"site": "\0"}}, "match is an object of texts"),
        ({"kind": "latest", "match": {"tag": ["x"] * (MAX_TAGS + 1)}}, f"at most {MAX_TAGS}"),
        ({"kind": "latest", "match": {"colour": "red"}}, "match is an object of texts"),
    ],
)
def test_a_sub_frame_that_cannot_be_served_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadFrame, match=words) as caught:
        parse_subscribe({"id": 3, "keys": ["a/t"], **given}, 10)
    assert caught.value.sub == 3


def test_hostile_but_possible_names_may_be_asked_for() -> None:
    keys = ["a/<img src=x>\u202eevil", "b/ö %", "c/" + "m" * 200]
    assert parse_subscribe({"id": 1, "keys": keys}, 10).keys == tuple(keys)
