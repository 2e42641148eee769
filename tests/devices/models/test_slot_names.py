"""A slot's name tells its broker and number, and nothing else is taken for one."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from devices.models import Broker
from devices.models.brokers import valid_name
from devices.models.slot_names import SlotName, slot_names


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("ingest-0", SlotName("", 0)),
        ("home-ingest-12", SlotName("home", 12)),
        ("a-ingest-1-ingest-0", SlotName("a-ingest-1", 0)),
    ],
)
def test_a_name_is_read_as_it_is_written(text: str, slot: SlotName) -> None:
    assert SlotName.read(text) == slot
    assert slot.text == text


@pytest.mark.parametrize(
    "text", ["replay", "import-3", "ingest", "ingest-", "ingest-x", "-ingest-0"]
)
def test_other_writers_are_no_slots(text: str) -> None:
    assert SlotName.read(text) is None


@pytest.mark.usefixtures("tables")
def test_each_broker_that_is_on_has_its_slots(settings: Any) -> None:
    settings.MQTT_SLOTS = 2
    Broker.objects.create(name="home", addresses="mqtt://h:1")
    Broker.objects.create(name="off", addresses="mqtt://o:1", enabled=False)
    assert slot_names() == ["ingest-0", "ingest-1", "home-ingest-0", "home-ingest-1"]


@pytest.mark.parametrize("name", ["ingest", "ingest-2", "-a", "a-", "a--b", "A", "a b", ""])
def test_a_name_that_would_be_taken_for_another_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        valid_name(name)
