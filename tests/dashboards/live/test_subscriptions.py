"""What a subscription makes of events: rows while they are few, spans to read where it must."""

import json
from typing import Any

import pytest

from dashboards.live.encoded_events import encode
from dashboards.live.frames import parse_subscribe
from dashboards.live.reconciliation import Lost
from dashboards.live.resume_token import ResumeToken
from dashboards.live.snapshots import Snapshot
from dashboards.live.subscriptions import MAX_HELD, MAX_ROWS, Subscription
from devices.monitoring.losses import Gap
from devices.queries import SeriesInfo

T = SeriesInfo(1, 7, "a", "t", "", "number")
ON = SeriesInfo(2, 7, "a", "on", "", "boolean")
KINDS = {1: "number", 2: "boolean"}


def snapshot(seq: int = 5, width: int = 0, **more: Any) -> Snapshot:
    place = ResumeToken(width, "s", {"ingest-0": seq})
    found = {"a/*": [T, ON]}
    given: dict[str, Any] = {"ranges": None, "marked": set(), "gaps": [], "expiries": {}}
    return Snapshot(found, {7: "a"}, place, {}, **given | more)


def subscription(seq: int = 5, width: int = 0, keys: str = "a/*", **more: Any) -> Subscription:
    made = Subscription(parse_subscribe({"id": 1, "keys": [keys], **more}, 10))
    made.begin(snapshot(seq, width), last=True)
    made.sent()
    return made


def event(seq: int, rows: list[Any], spans: Any = (), kinds: Any = None) -> Any:
    made = {"device": 7, "writer": "ingest-0", "seqs": [seq], "rows": rows, "spans": list(spans)}
    return encode(made, KINDS if kinds is None else kinds)  # type: ignore[arg-type] # a plain dict


def shown(made: Subscription, **again: Any) -> Any:
    text = made.update_frame(again.get("again", {}), again.get("states", {}), {"ingest-0": 9})
    return None if text is None else json.loads(f"{text}}}")


def test_rows_are_shown_in_order_with_their_kind() -> None:
    made = subscription()
    rows = [[2_000_000, 2.5, None], [1_000_500, 1.0, None]]
    assert made.take(event(6, [(1, rows), (2, [[1_000_000, 1.0, None], [2_000_000, None, "x"]])]))
    frame = shown(made, states={"a": {"state": "online"}})
    assert frame["d"]["0"] == [[1000.5, 1.0], [2000, 2.5]]
    assert frame["d"]["1"] == [[1000, True], [2000, "x"]]
    assert frame["devices"] == {"a": {"state": "online"}}
    assert frame["cursor"].endswith("ingest-0:9")
    assert shown(made) is None


def test_what_the_snapshot_knows_is_not_shown_again() -> None:
    made = subscription(seq=5)
    assert not made.take(event(5, [(1, [[1, 1.0, None]])]))
    assert shown(made) is None


def test_many_rows_become_a_span_to_read() -> None:
    made = subscription()
    made.take(event(6, [(1, [[n, float(n), None] for n in range(MAX_ROWS + 1)])]))
    assert (made.rows, made.invalidated) == ({}, {1: (0, MAX_ROWS)})
    made.take(event(7, [(1, [[900, 9.0, None]])]))
    assert made.invalidated == {1: (0, 900)}


def test_rows_of_all_series_together_are_bounded() -> None:
    made = subscription()
    kinds = dict.fromkeys(range(1, 9), "number")
    made.infos = dict.fromkeys(kinds, T)
    for seq in range(6, 6 + MAX_HELD):
        rows = [(pk, [[seq * 10 + pk, 1.0, None]]) for pk in kinds]
        made.take(event(seq, rows, kinds=kinds))
        assert made.held == sum(map(len, made.rows.values())) <= MAX_HELD
    assert set(made.rows) | set(made.invalidated) == set(kinds)
    made.index = {pk: pk for pk in kinds}
    shown(made)
    assert made.held == 0


def test_bins_and_marked_series_are_always_read_again() -> None:
    made = subscription(width=1_000_000)
    made.take(event(6, [(1, [[5, 1.0, None]])]))
    assert made.invalidated == {1: (5, 5)}
    marked = Subscription(made.wanted)
    marked.begin(snapshot(marked={2}), last=True)
    marked.take(event(6, [(1, [[5, 1.0, None]]), (2, [[6, 1.0, None]])]))
    assert (list(marked.rows), marked.invalidated) == ([1], {2: (6, 6)})


def test_of_newest_values_the_newest_alone_is_kept() -> None:
    made = subscription(kind="latest")
    made.take(event(6, [(1, [[n, float(n), None] for n in range(9)])]))
    made.take(event(7, [(1, [[3, 3.0, None]])]))
    assert shown(made)["d"]["0"] == [[0.008, 8.0]]


def test_a_new_metric_is_noticed_by_a_wildcard_alone() -> None:
    new = [(3, [[5, 1.0, None]])]
    assert subscription().take(event(6, new))
    made = subscription(keys="a/t")
    made.take(event(6, new))
    assert not made.has_news


def test_what_comes_while_a_snapshot_is_read_is_added_to_it() -> None:
    """Also rows of a series that nobody showed before, and what no event told of."""
    made = Subscription(parse_subscribe({"id": 1, "keys": ["a/t"]}, 10))
    made.begin_buffering()
    made.take(event(6, [(1, [[8, 1.0, None]])], kinds={}))
    made.take(event(4, [(1, [[2, 1.0, None]])]))
    made.repair(Lost(others=[(1, 90, 95, "ingest-0", 7), (1, 1, 2, "ingest-0", 3)]))
    made.begin(snapshot(seq=5), last=True)
    assert made.invalidated == {1: (8, 95)}
    assert made.has_news


def test_lost_spans_are_read_again_unless_they_are_known() -> None:
    made = subscription(seq=5)
    made.repair(Lost(spans=[(1, 1, 2, "ingest-0", 5), (9, 1, 2, "ingest-0", 8)]))
    assert not made.has_news
    made.repair(Lost(spans=[(1, 1, 2, "ingest-0", 6)]))
    assert made.invalidated == {1: (1, 2)}
    made.repair(Lost(corrected={2}))
    assert made.needs_snapshot


def test_a_reload_while_reading_is_not_forgotten() -> None:
    made = subscription()
    made.begin_buffering()
    made.repair(Lost(corrected={1}))
    made.begin(snapshot(), last=False)
    assert made.needs_snapshot


def test_what_was_not_sent_whole_the_client_does_not_have() -> None:
    """The database may go away between a snapshot and the states of its devices."""
    made = subscription(seq=5)
    before = made.has
    made.begin(snapshot(seq=8), last=True)
    assert made.has is before
    assert made.knows("ingest-0", 8)
    made.sent()
    assert made.has is not None
    assert made.has.cursor == {"ingest-0": 8}


def test_the_cursor_follows_what_is_confirmed_and_never_goes_back() -> None:
    made = subscription(seq=5)
    for confirmed, expected in (({"ingest-0": 3}, 5), ({"ingest-0": 7, "edit": 1}, 7)):
        made.take(event(9, [(1, [[1, 1.0, None]])]))
        text = made.update_frame({}, {}, confirmed)
        assert f"ingest-0:{expected}" in str(text)
    assert made.has is not None
    assert made.has.cursor == {"ingest-0": 7, "edit": 1}


def test_a_loss_is_told_once_and_again_with_each_snapshot() -> None:
    made, gap = subscription(), Gap(7, 1_000, 2_000, "throttled")
    made.note_gaps([gap, Gap(8, 1, 2, "of another device")])
    assert [frame["keys"] for frame in made.gap_frames()] == [[0, 1]]
    made.note_gaps([gap])
    assert list(made.gap_frames()) == []
    made.begin(snapshot(gaps=[gap]), last=True)
    assert [frame["why"] for frame in made.gap_frames()] == ["throttled"]


@pytest.mark.parametrize(("rate", "wait"), [(4, 0.25), (100, 0.1)])
def test_the_rate_is_the_wanted_one_or_the_most_that_is_allowed(rate: int, wait: float) -> None:
    assert subscription(rate_hz=rate).due() == pytest.approx(wait)
