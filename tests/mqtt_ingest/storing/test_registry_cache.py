"""A worker's cache of the registry forgets what was changed, and that alone."""

import json
import threading
from contextlib import closing
from typing import Any

import pytest
from django.db import connection, connections

from devices import registry
from devices.models import Device, Identity, RegistryEdit, Source, Writer
from devices.registry import edit_log
from mqtt_ingest.core.packets import Batch
from mqtt_ingest.storing import slot_writer
from mqtt_ingest.storing.slot_writer import SlotWriter
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import ARRIVAL, make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
COUNT = 50


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


def batch(turn: int) -> Batch:
    """Return a packet of each device, at a time of its own each turn."""
    packet = json.dumps({"ts": ARRIVAL // 1_000 + turn, "t": turn})
    return make_batch(*(make_entry(packet, f"devices/d{n}/telemetry") for n in range(COUNT)))


def cached(writer: SlotWriter) -> dict[str, object]:
    return {f"d{n}": writer.registry._devices["native"].get(f"d{n}") for n in range(COUNT)}


@pytest.fixture
def writer() -> SlotWriter:
    made = make_writer()
    made.store(batch(1))
    made.store(batch(2))
    return made


def test_what_was_changed_is_read_anew_and_nothing_else(writer: SlotWriter) -> None:
    before = cached(writer)
    device = Device.objects.get(key="d7")
    device.enabled = False
    device.save()
    stored = writer.store(batch(3))
    assert (stored.readings, stored.refused) == (COUNT - 1, {"disabled": 1})
    after = cached(writer)
    assert [key for key in before if before[key] is not after[key]] == ["d7"]


def test_an_operator_in_a_loop_costs_a_few_queries_a_batch(
    writer: SlotWriter, django_assert_max_num_queries: Any
) -> None:
    device = Device.objects.get(key="d7")
    for turn in range(5):
        device.stale_after_s = 60 + turn
        device.save()
        with django_assert_max_num_queries(30):
            assert writer.store(batch(3 + turn)).readings == COUNT
        device.name = f"turn {turn}"
        device.save()
        known = cached(writer)
        writer.store(batch(20 + turn))
        assert cached(writer) == known


def test_whoever_is_accepted_is_taken_in_at_once(writer: SlotWriter, settings: Any) -> None:
    settings.MQTT_REGISTRATION = "reject"
    writer.registry.forget(-1)
    other = make_batch(make_entry(json.dumps({"t": 1}), "devices/new/telemetry"))
    assert writer.store(other).refused == {"registration": 1}
    Device.objects.create(key="new")
    other = make_batch(make_entry(json.dumps({"t": 1}), "devices/new/telemetry"))
    assert writer.store(other).readings == 1


def test_changes_that_are_not_in_the_log_have_everything_read_anew(writer: SlotWriter) -> None:
    """The last release raises the number alone; so does a database that went back."""
    before = cached(writer)
    Writer.objects.update(registry=1_000)
    writer.store(batch(3))
    after = cached(writer)
    assert all(before[key] is not after[key] for key in before)
    RegistryEdit.objects.all().delete()
    edit_log.record([Device.objects.get(key="d7").pk])
    RegistryEdit.objects.all().delete()
    writer.store(batch(4))
    assert all(after[key] is not one for key, one in cached(writer).items())


def test_devices_can_be_deleted_while_batches_come(writer: SlotWriter) -> None:
    """A batch and a deletion lock the same rows: in one order."""
    if connection.vendor != "postgresql":
        registry.delete(Device.objects.filter(key="d0"))  # SQLite has one writer at a time
        assert writer.store(batch(10)).readings == COUNT
        return
    failed: list[BaseException] = []
    over = threading.Event()

    def delete() -> None:
        try:
            for n in range(0, COUNT, 2):
                registry.delete(Device.objects.filter(key=f"d{n}"))
        except BaseException as error:
            failed.append(error)
        finally:
            over.set()
            connections.close_all()

    thread = threading.Thread(target=delete)
    thread.start()
    turn = 0
    while not over.is_set() or turn < 3:
        turn += 1
        writer.store(batch(10 + turn))
    thread.join()
    assert not failed
    assert Device.objects.filter(key__startswith="d").count() == COUNT


def test_two_people_change_devices_at_once_and_none_is_missed(writer: SlotWriter) -> None:
    """Numbers rise in the order of commits, so that no change is passed over."""
    device = {n: Device.objects.get(key=f"d{n}") for n in (1, 2)}

    def switch_off(n: int) -> None:
        with closing(connection):
            device[n].enabled = False
            device[n].save()

    threads = [threading.Thread(target=switch_off, args=(n,)) for n in device]
    for thread in threads:
        thread.start()
        if connection.vendor != "postgresql":
            thread.join()  # one after the other: the tests' SQLite is in memory
    for turn in range(5):
        writer.store(batch(10 + turn))
    for thread in threads:
        thread.join()
    assert writer.store(batch(30)).refused == {"disabled": 2}


@pytest.mark.parametrize(
    ("field", "device", "again"),
    [("stale_after_s", "d7", False), ("enabled", "d9", False), ("enabled", "d7", True)],
)
def test_what_a_change_does_not_concern_is_not_prepared_again(
    writer: SlotWriter, monkeypatch: pytest.MonkeyPatch, field: str, device: str, *, again: bool
) -> None:
    prepared: list[int] = []
    real = slot_writer.prepare

    def counting(given: Batch, registry: Any) -> Any:
        prepared.append(len(given.entries))
        return real(given, registry)

    monkeypatch.setattr(slot_writer, "prepare", counting)
    packet = json.dumps({"ts": ARRIVAL // 1_000 + 100, "t": 1})
    waiting = make_batch(one := make_entry(packet, "devices/d7/telemetry"))
    writer.stage(waiting, one)
    changed = Device.objects.get(key=device)
    setattr(changed, field, 60 if field == "stale_after_s" else False)
    changed.save()
    stored = writer.store(waiting)
    assert (stored.readings, bool(prepared)) == (0 if again else 1, again)
    # What it is judged by from now on is the new one.
    if field == "stale_after_s":
        assert cached(writer)["d7"].stale_after_s == 60  # type: ignore[attr-defined]


def test_a_name_that_was_given_away_leads_to_its_new_device(writer: SlotWriter) -> None:
    Identity.objects.get(native_id="d7").delete()
    other = Device.objects.create(key="other")
    Identity.objects.create(source=Source.objects.get(), native_id="d7", device=other)
    writer.store(batch(3))
    assert cached(writer)["d7"].key == "other"  # type: ignore[attr-defined]


def test_whoever_was_refused_is_looked_at_again_when_that_may_have_changed(
    writer: SlotWriter, settings: Any
) -> None:
    settings.MQTT_REGISTRATION = "reject"
    writer.registry.forget(-1)
    writer.store(make_batch(make_entry(json.dumps({"t": 1}), "devices/new/telemetry")))
    waiting = make_batch(one := make_entry(json.dumps({"t": 2}), "devices/new/telemetry"))
    writer.stage(waiting, one)
    Device.objects.create(key="new")
    assert writer.store(waiting).readings == 1


def test_a_device_that_two_sources_know_is_one_object(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"
    Source.objects.create(name="other")
    writer = make_writer()
    own, twin = (make_entry('{"new": 1}', received_at=ARRIVAL + n) for n in range(2))
    twin.source = "other"
    assert writer.store(make_batch(own)).readings == 1
    other = make_entry('{"another": 2}')
    other.source = "other"
    assert writer.store(make_batch(twin, other)).readings == 2
    late = make_entry('{"another": 3}', received_at=ARRIVAL + 5)
    assert writer.store(make_batch(late)).readings == 1
