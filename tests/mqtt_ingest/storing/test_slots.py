"""Which slots are to be held: those of every broker, and those that are read out first."""

from typing import Any

import pytest

from devices.models import Broker, Writer
from devices.models.slot_names import SlotName
from mqtt_ingest.storing.slots import wanted

pytestmark = pytest.mark.usefixtures("tables")


def slots() -> list[tuple[str, bool, bool]]:
    return [(one.slot.text, one.leaves, one.is_off) for one in wanted()]


def test_each_broker_has_slots_of_its_own(settings: Any) -> None:
    settings.MQTT_SLOTS = 2
    Broker.objects.create(name="home", addresses="mqtt://h:1")
    Broker.objects.create(name="off", addresses="mqtt://o:1", enabled=False)
    assert slots() == [
        (name, False, False) for name in ("ingest-0", "ingest-1", "home-ingest-0", "home-ingest-1")
    ]
    assert [one.broker.canary for one in wanted()] == [True, True, False, False]


def test_a_broker_that_is_switched_off_is_read_out_first() -> None:
    row = Broker.objects.create(name="home", addresses="mqtt://h:1", enabled=False)
    Writer.objects.create(name="home-ingest-0", filters=["a/#"])
    Writer.objects.create(name="home-ingest-1", filters=[])
    Writer.objects.create(name="ingest-3", filters=["b/#"])
    Writer.objects.create(name="other-ingest-0", filters=["c/#"])
    assert slots() == [
        ("ingest-0", False, False),
        ("ingest-3", True, False),
        ("home-ingest-0", True, True),
    ]
    row.delete()
    assert ("home-ingest-0", True, True) not in slots()


def test_slots_sort_by_broker() -> None:
    assert max([SlotName("", 3), SlotName("home", 0)]) == SlotName("home", 0)


@pytest.mark.parametrize("text", ["mqtt://a/b:1883", "", "http://x", "mqtt://a%00"])
def test_a_row_that_cannot_be_used_ends_nothing(text: str) -> None:
    Broker.objects.create(name="odd", addresses=text)
    (odd,) = [one.broker for one in wanted() if one.slot.broker == "odd"]
    assert odd.problem
