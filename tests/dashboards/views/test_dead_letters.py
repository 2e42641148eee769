"""A device's page tells of what the device sent that could not be read."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from devices.models import Membership, Site
from devices.registry import undecoded
from mqtt_ingest.models import DeadLetter
from tests.mqtt_ingest.storing.test_slot_writer import entry, make_writer, store
from tests.support.factories import ARRIVAL, make_entry

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture(autouse=True)
def _press(tables: None, settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"
    writer = make_writer()
    store(writer, entry({"t": 1}))
    for n, payload in enumerate(('{"t": ', '{"t": 2', '{"<script>": nan}')):
        store(writer, make_entry(payload, received_at=ARRIVAL + n * 1_000_000))


def client_of(name: str, **more: Any) -> Client:
    user = get_user_model().objects.create_user(name, **more)
    client = Client()
    client.force_login(user)
    return client


def test_the_last_one_and_how_many_there_are() -> None:
    letter = undecoded.last_of("press-3")
    assert letter is not None
    assert (letter.packets, letter.reason, letter.payload) == (3, "no_value", '{"<script>": nan}')
    assert undecoded.last_of("another") is None


def test_staff_see_it_with_a_link_and_escaped() -> None:
    page = (
        client_of("root", is_staff=True, is_superuser=True)
        .get("/devices/press-3/")
        .content.decode()
    )
    assert "3 packets could not be read, the last because of no_value." in page
    assert "&lt;script&gt;" in page
    assert "<script>&quot;" not in page
    assert "/admin/mqtt_ingest/deadletter/" in page


def test_those_who_see_the_device_see_it_without_a_link() -> None:
    from devices.models import Device

    site = Site.objects.create(slug="s", name="S")
    Device.objects.update(site=site)
    client = client_of("viewer")
    Membership.objects.create(user=get_user_model().objects.get(), site=site, role="viewer")
    page = client.get("/devices/press-3/").content.decode()
    assert "3 packets could not be read" in page
    assert "/admin/mqtt_ingest/deadletter/" not in page


def test_half_a_character_is_shown_in_admin() -> None:
    letter = DeadLetter.objects.create(
        received_at=timezone.now(),
        topic="x",
        payload=b'{"a": "\\ud800"}',
        reason="not_json",
        source="native",
        qos=1,
    )
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    page = client.get(f"/admin/mqtt_ingest/deadletter/{letter.pk}/change/")
    assert page.status_code == 200
