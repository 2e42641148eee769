"""Everything that happened to a device, as one list."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from dashboards.logbook import places, writing
from dashboards.presentation.device_events import events_of
from devices.models import Correction, Device, DeviceDescription, Series
from devices.storage import losses

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def press() -> Device:
    device = Device.objects.create(key="press")
    Device.objects.update(created_at=timezone.now() - timedelta(days=900))
    device.refresh_from_db()
    return device


def micros(days: float) -> int:
    return round((timezone.now() - timedelta(days=days)).timestamp() * 1e6)


def fill(press: Device) -> None:
    boss = get_user_model().objects.create_superuser("boss")
    series = Series.objects.create(device=press, metric="oil")
    mark = {"series": series, "since": 1, "until": 2, "reason": "<torn>", "made_by": boss}
    Correction.objects.create(**mark, undone_at=timezone.now(), undone_by=boss)
    losses.record("throttled", micros(3), micros(2.5), 5, device_id=press.pk)
    press.offline_spans.create(since=micros(4), until=micros(3.5))
    press.offline_spans.create(since=micros(1), until=None)
    change = {"at": round(micros(5) / 1_000), "field": "firmware", "old": "1", "new": "2"}
    DeviceDescription.objects.create(device=press, changes=[change], said_at=timezone.now())
    writing.write(places.Place("device", press), boss, "Belt torn")


def test_all_of_it_is_there_the_newest_first(press: Device) -> None:
    fill(press)
    found = events_of(press)
    assert [event.at for event in found] == sorted((event.at for event in found), reverse=True)
    assert sorted(event.what for event in found) == sorted(
        (
            *("heard of for the first time", "offline", "offline", "lost", "readings marked"),
            *("mark undone", "says something else of itself"),
        )
    )
    by_words = {event.what: event for event in found}
    assert "5" in by_words["lost"].words
    assert by_words["says something else of itself"].words == "firmware, 1 → 2"
    assert [event.lasts for event in found if event.what == "offline"] == [True, False]


def test_the_page_has_notes_too_and_escapes_what_people_write(press: Device) -> None:
    fill(press)
    client = Client()
    client.force_login(get_user_model().objects.get())
    page = " ".join(client.get("/devices/press/events").content.decode().split())
    assert "Belt torn" in page
    assert "&lt;torn&gt;" in page
    assert page.count("<li>") > 7
    assert client.get("/devices/nobody/events").status_code == 404
