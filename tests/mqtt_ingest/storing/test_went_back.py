"""A writer notices that the database is in an older state than it left it in.

`make test` runs this file on SQLite and on PostgreSQL.
"""

from typing import Any

import pytest

from dashboards.live.reconciliation import Reconciler, WentBack
from devices import queries
from devices.background import leases
from devices.changelog import changes
from devices.models import Device, DeviceCounts, Duty, Identity, Loss, Series, Writer
from devices.storage import leases as storage_leases
from devices.storage import restored
from mqtt_ingest.core import errors
from mqtt_ingest.core.errors import SlotLost
from tests.mqtt_ingest.storing.test_slot_writer import NOW, entry, make_writer, rows, store
from tests.support.factories import make_batch

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


def older(**columns: int) -> None:
    """Put the writer's row back, as a database does that lost its last commits."""
    Writer.objects.filter(name="ingest-0").update(**columns)


def test_a_batch_is_not_committed_to_an_older_state() -> None:
    writer = make_writer()
    for n in range(3):
        store(writer, entry({"ts": NOW + n, "t": n}))
    leases.acquire("rollups", "me")
    older(seq=1)
    with pytest.raises(errors.WentBack, match="had committed batch 3, the database has 1"):
        store(writer, entry({"t": 3}))
    assert len(rows()) == 3
    loss = Loss.objects.get()
    assert (loss.reason, loss.packets) == ("database_back", None)
    assert loss.since <= loss.until
    # Nobody who knew the lost state can commit: neither a slot nor elected work.
    with pytest.raises(SlotLost):
        store(writer, entry({"t": 3}))
    assert Duty.objects.get(name="rollups").epoch >= restored.JUMP
    assert make_writer(holder="again").epoch > restored.JUMP


def test_an_idle_slot_notices_with_its_lease() -> None:
    writer = make_writer()
    store(writer, entry({"t": 1}))
    store(writer, entry({"t": 2}))
    writer.renew()
    older(seq=1)
    with pytest.raises(errors.WentBack):
        writer.renew()


def test_a_lease_that_was_lost_with_the_database_is_no_take_over() -> None:
    writer = make_writer()
    store(writer, entry({"t": 1}))
    older(epoch=writer.epoch - 1, seq=0)
    with pytest.raises(errors.WentBack):
        store(writer, entry({"t": 2}))


def test_a_take_over_is_none_of_a_database_that_went_back() -> None:
    writer = make_writer()
    store(writer, entry({"t": 1}))
    older(holder="", lease_until=None)
    assert make_writer(holder="other").epoch > writer.epoch
    with pytest.raises(SlotLost) as lost:
        store(writer, entry({"t": 2}))
    assert not isinstance(lost.value, errors.WentBack)
    assert not Loss.objects.exists()


def test_a_commit_whose_answer_was_lost_is_no_older_state() -> None:
    writer = make_writer()
    store(writer, entry({"t": 1}))
    older(seq=2)  # committed, as far as the database knows
    store(writer, entry({"t": 2}))
    assert not Loss.objects.exists()


@pytest.mark.parametrize("first", ["store", "renew"])
def test_after_a_connection_broke_nothing_cached_is_trusted(first: str) -> None:
    writer = make_writer()
    store(writer, entry({"t": 1}, device="gone"))
    for model in (DeviceCounts, Identity, Series, Device):
        model.objects.all()._raw_delete(using="default")  # without the signals of people's changes
    writer._writer._prepared = None  # as a new connection does; SQLite's in memory cannot break
    if first == "renew":
        writer.renew()
    store(writer, entry({"ts": NOW, "t": 2}, device="gone"))
    assert [row[0] for row in rows()][-1] == "gone"
    assert Device.objects.count() == 1


def test_pages_are_sent_anew_and_cursors_of_before_are_void() -> None:
    writer = make_writer()
    store(writer, entry({"t": 1}))
    store(writer, entry({"t": 2}))
    healer = Reconciler()
    healer.step(*healer.look())
    before = queries.read_cursor()
    older(seq=1)
    with pytest.raises(WentBack):
        healer.look()
    assert changes.missed(before, queries.read_cursor(), {1}) is None
    # Found out by a worker, while its sequence has long gone past that of before.
    older(seq=50)
    healer = Reconciler()
    healer.step(*healer.look())
    before = queries.read_cursor()
    assert restored.look("ingest-0", writer.epoch, 70, "a test")
    older(seq=60)
    with pytest.raises(WentBack):
        healer.look()
    assert changes.missed(before, queries.read_cursor(), {1}) is None


def test_it_is_noted_once_whoever_notices_it() -> None:
    writer = make_writer()
    store(writer, entry({"t": 1}))
    older(seq=0)
    assert "had committed batch 1, the database has 0" in restored.look("ingest-0", 1, 1, "first")
    before = queries.read_cursor()
    assert restored.look("ingest-0", 1, 1, "second") == ""
    assert queries.read_cursor() == before
    assert Loss.objects.count() == 1


def test_what_was_prepared_before_the_registry_was_forgotten_is_prepared_anew() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}, device="gone"))
    # The next batch fills while the connection breaks; the registry's number stays the same.
    batch = make_batch(second := entry({"ts": NOW + 1, "t": 2}, device="gone"))
    writer.stage(batch, second)
    for model in (DeviceCounts, Identity, Series, Device):
        model.objects.all()._raw_delete(using="default")
    Device.objects.create(key="other")
    version = writer.registry.version
    writer.registry.forget(-1)
    writer.registry.forget(Writer.objects.get(name="ingest-0").registry)
    assert writer.registry.version >= version
    writer.store(batch)
    assert ("gone", "t", (NOW + 1) * 1_000, 2.0, None) in rows()


def test_a_lease_is_no_less_than_what_was_committed() -> None:
    writer = make_writer()
    store(writer, entry({"t": 1}))
    dialect = writer._dialect
    assert storage_leases.renew("ingest-0", writer.epoch, dialect, 1)
    assert not storage_leases.renew("ingest-0", writer.epoch, dialect, 2)
