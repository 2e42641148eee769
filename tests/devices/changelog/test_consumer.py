"""Consumers of the change log: positions are committed with the work, nothing is pruned early."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from devices.background import leases
from devices.background.leases import LeaseLost
from devices.changelog import consumer
from devices.changelog.consumer import POSITION, Consumer, Pruning
from devices.models import Change
from devices.storage import change_rows

pytestmark = pytest.mark.usefixtures("tables")
WRITER = "edit"


@pytest.fixture(autouse=True)
def _two_consumers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "_consumers", ["sums", "alarms"])


def change(*times: int) -> None:
    with transaction.atomic():
        for ts in times:
            change_rows.append(WRITER, [(1, ts, ts)])


def work_off(one: Consumer, limit: int = 100) -> list[int]:
    """Take on what was missed; return the times."""
    assert one.hold({}) is not None
    found = one.missed(limit, 1_000_000)
    if found:
        state = {**one.state, POSITION: one.after(found)}
        with transaction.atomic():
            one.commit(state)
        one.committed(state)
    return [ts for touched in found for _pk, ts, _to in touched.spans]


def age() -> None:
    Change.objects.update(stored_at=timezone.now() - timedelta(days=2))


def test_each_sees_every_change_once() -> None:
    sums, alarms = Consumer("sums", "me"), Consumer("alarms", "me")
    sums.hold({})
    alarms.hold({})
    change(1, 2, 3)
    assert work_off(sums) == [1, 2, 3]
    assert work_off(alarms, limit=2) == [1, 2]
    change(4)
    assert work_off(sums) == [4]
    assert work_off(alarms) == [3, 4]
    assert work_off(alarms) == []


def test_one_that_never_ran_begins_with_what_comes_from_now_on() -> None:
    change(1, 2)
    one = Consumer("sums", "me")
    assert one.hold({"further": 7}) is True
    assert one.state["further"] == 7
    change(3)
    assert work_off(one) == [3]


def test_a_step_that_fails_is_done_again() -> None:
    one = Consumer("sums", "me")
    one.hold({})
    change(1)
    found = one.missed(10, 1_000)
    with transaction.atomic():
        one.commit({POSITION: {WRITER: found[-1].seq}})
        transaction.set_rollback(True)
    one.forget()
    assert work_off(one) == [1]


def test_another_process_goes_on_where_the_first_one_ended() -> None:
    first, second = Consumer("sums", "first"), Consumer("sums", "second")
    first.hold({})
    change(1, 2)
    assert work_off(first, limit=1) == [1]
    assert second.hold({}) is None
    first.release()
    assert work_off(second) == [2]
    # The first one wakes up: what it commits is refused.
    with pytest.raises(LeaseLost), transaction.atomic():
        first.commit({POSITION: {}})
    assert leases.state("sums")[POSITION][WRITER] == 2


def test_nothing_is_pruned_before_every_registered_consumer_has_passed() -> None:
    sums, alarms = Consumer("sums", "me"), Consumer("alarms", "me")
    sums.hold({})
    change(1, 2, 3)
    age()
    work_off(sums)
    pruning = Pruning("me")
    # The second has not even begun.
    pruning.step()
    assert Change.objects.count() == 3
    alarms.hold({})
    change(4, 5)
    age()
    work_off(sums)
    work_off(alarms, limit=1)
    pruning.step()
    assert list(Change.objects.values_list("seq", flat=True)) == [5]
    work_off(alarms)
    pruning.step()
    assert not Change.objects.exists()


def test_one_that_began_before_there_were_writers_has_passed_nothing() -> None:
    Consumer("sums", "me").hold({})
    Consumer("alarms", "me").hold({})
    assert leases.state("sums")[POSITION] == {}
    change(1)
    age()
    assert not Pruning("me").step()
    assert Change.objects.count() == 1


def test_without_consumers_nothing_is_pruned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "_consumers", [])
    change(1)
    age()
    Pruning("me").step()
    assert Change.objects.count() == 1


def test_what_every_consumer_has_passed_stays_for_a_day() -> None:
    sums, alarms = Consumer("sums", "me"), Consumer("alarms", "me")
    for one in (sums, alarms):
        one.hold({})
    change(1)
    for one in (sums, alarms):
        work_off(one)
    Pruning("me").step()
    assert Change.objects.count() == 1


def test_many_changes_are_pruned_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "PRUNED", 2)
    sums, alarms = Consumer("sums", "me"), Consumer("alarms", "me")
    for one in (sums, alarms):
        one.hold({})
    change(1, 2, 3, 4, 5)
    age()
    for one in (sums, alarms):
        work_off(one)
    pruning = Pruning("me")
    assert pruning.step()
    assert pruning.step()
    assert not pruning.step()
    assert not Change.objects.exists()


def test_only_one_process_prunes() -> None:
    assert leases.acquire(Pruning.name, "another") is not None
    assert not Pruning("me").step()


def test_registering_twice_is_registering_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[Any] = []
    monkeypatch.setattr(consumer, "_consumers", names)
    consumer.register("sums")
    consumer.register("sums")
    assert names == ["sums"]
