"""Marks on readings: what they hide, for how long they can be undone, what they refuse.

That every query follows is in `rollups/test_model.py`. `make test` runs this file on
SQLite and on PostgreSQL.
"""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from devices import corrections, queries
from devices.changelog import changes
from devices.corrections import CannotCorrect
from devices.models import Change, Correction, Device, Reading
from devices.queries import SECOND, SeriesInfo
from tests.mqtt_ingest.storing.test_slot_writer import entry, make_writer
from tests.support.factories import ARRIVAL, make_batch

pytestmark = pytest.mark.usefixtures("tables")
START = ARRIVAL // SECOND * SECOND - 60 * SECOND


@pytest.fixture
def info(settings) -> SeriesInfo:
    """A series of ten readings, one a second."""
    settings.MQTT_REGISTRATION = "accept"
    batch = [entry({"ts": START / 1e3 + n * 1_000, "t": n}) for n in range(10)]
    make_writer().store(make_batch(*batch))
    return queries.series_of([Device.objects.get(key="press-3").pk])[0]


def shown(info: SeriesInfo) -> list[object]:
    return [value for _ts, value in queries.rows(info, START, START + 60 * SECOND, 100)]


def mark(info: SeriesInfo, first: int, last: int, reason: str = "sensor was out") -> Correction:
    since, until = START + first * SECOND, START + last * SECOND
    return corrections.correct(info.pk, since, until, "bad", reason, None)


def test_a_mark_hides_both_ends_and_leaves_the_rows(info: SeriesInfo) -> None:
    user = get_user_model().objects.create_user("ada")
    made = corrections.correct(
        info.pk, START + 2 * SECOND, START + 4 * SECOND, "deleted", " wrong ", user
    )
    assert shown(info) == [0, 1, 5, 6, 7, 8, 9]
    assert Reading.objects.count() == 10
    assert (made.reason, made.made_by) == ("wrong", user)


def test_the_newest_value_follows(info: SeriesInfo) -> None:
    made = mark(info, 8, 9)
    assert queries.latest([info]) == {info.pk: (START + 7 * SECOND, 7)}
    assert [value for _ts, value in queries.newest_rows(info, 2)] == [7, 6]
    mark(info, 0, 7)
    assert queries.latest([info]) == {}
    corrections.undo(made, None)
    assert queries.latest([info]) == {info.pk: (START + 9 * SECOND, 9)}


def test_what_is_delivered_again_stays_hidden(info: SeriesInfo) -> None:
    mark(info, 9, 9)
    make_writer("ingest-1").store(make_batch(entry({"ts": START / 1e3 + 9_000, "t": 9})))
    assert shown(info)[-1] == 8
    assert queries.latest([info])[info.pk][1] == 8


def test_overlapping_marks_are_undone_one_by_one(info: SeriesInfo) -> None:
    first, _second = mark(info, 0, 5), mark(info, 3, 8)
    corrections.undo(first, None)
    assert shown(info) == [0, 1, 2, 9]


def test_a_mark_is_a_change_of_what_it_hides(info: SeriesInfo) -> None:
    corrections.correct(info.pk, 0, START + 3 * SECOND, "bad", "cold start", None)
    corrections.correct(info.pk, START + 9 * SECOND, START * 2, "bad", "hot end", None)
    found = changes.since({"edit": 0})
    assert [change.spans for change in found] == [
        [(info.pk, 0, START + 3 * SECOND)],
        [(info.pk, START + 9 * SECOND, START * 2)],
    ]
    assert Change.objects.get(writer="edit", seq=2).oldest == START + 9 * SECOND


def test_undoing_is_possible_once_and_for_seven_days(info: SeriesInfo) -> None:
    made = mark(info, 1, 1)
    assert corrections.may_be_undone(made)
    corrections.undo(made, None)
    with pytest.raises(CannotCorrect, match="already"):
        corrections.undo(made, None)
    old = mark(info, 2, 2)
    Correction.objects.update(made_at=timezone.now() - timedelta(days=7, minutes=1))
    old.refresh_from_db()
    assert not corrections.may_be_undone(old)
    with pytest.raises(CannotCorrect, match="7 days"):
        corrections.undo(old, None)
    assert 2 not in shown(info)


@pytest.mark.parametrize(
    ("since", "until", "kind", "reason", "parameter"),
    [
        (1, 0, "bad", "x", "from"),
        (0, 1, "ugly", "x", "kind"),
        (0, 1, "bad", " ", "reason"),
        (0, 1, "bad", "x" * 501, "reason"),
        (0, 1, "bad", "nothing is there", "from"),
    ],
)
def test_what_is_wrong_is_named(
    info: SeriesInfo, since: int, until: int, kind: str, reason: str, parameter: str
) -> None:
    with pytest.raises(CannotCorrect) as caught:
        corrections.correct(info.pk, since, until, kind, reason, None)
    assert caught.value.parameter == parameter
    assert not Correction.objects.exists()


def test_a_preview_tells_what_would_be_marked(info: SeriesInfo) -> None:
    mark(info, 0, 1)
    found = corrections.preview(info.pk, START, START + 4 * SECOND)
    assert found == corrections.Preview(3, START + 2 * SECOND, START + 4 * SECOND, 2, 4)
