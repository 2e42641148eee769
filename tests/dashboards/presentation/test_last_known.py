"""What brokers keep is shown as last known where no reading is, and hidden series not at all."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from devices.models import Device, DeviceDescription, LastKnown, Latest, Series

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def device() -> Device:
    return Device.objects.create(key="lamp")


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


def keep(device: Device, metric: str, kind: str = "number", **given: Any) -> None:
    LastKnown.objects.create(
        device=device, metric=metric, kind=kind, heard_at=timezone.now(), **given
    )


def test_what_is_kept_is_shown_as_last_known_until_a_reading_comes(
    boss: Client, device: Device
) -> None:
    keep(device, "power", value=5.5)
    keep(device, "on", "boolean", value=1.0)
    keep(device, "mode", "text", text="<i>auto</i>")
    said = {"power": {"unit": "W"}}
    DeviceDescription.objects.create(device=device, series=said, said_at=timezone.now())
    page = boss.get("/devices/lamp/").content.decode()
    assert "<li>power: 5.5 W</li>" in page
    assert "<li>on: on</li>" in page or "<li>on: true</li>" in page
    assert "&lt;i&gt;auto&lt;/i&gt;" in page
    assert "they are no readings" in page
    assert "No data yet" not in page
    overview = boss.get("/").content.decode()
    assert "last known" in overview
    assert "5.5" in overview
    told = boss.get("/api/v1/devices/lamp").json()
    assert {one["metric"] for one in told["last_known"]} == {"power", "on", "mode"}
    series = Series.objects.create(device=device, metric="power")
    Latest.objects.create(series=series, ts=1, value=7)
    told = boss.get("/api/v1/devices/lamp").json()
    assert {one["metric"] for one in told["last_known"]} == {"on", "mode"}


def test_a_hidden_series_is_left_out_and_found_again(boss: Client, device: Device) -> None:
    for metric, hidden in (("shown", False), ("secret", True)):
        series = Series.objects.create(device=device, metric=metric, hidden=hidden)
        Latest.objects.create(series=series, ts=1, value=7)
    page = boss.get("/devices/lamp/").content.decode()
    assert 'data-key="lamp/shown"' in page
    assert 'data-key="lamp/secret"' not in page
    assert "1 hidden metric" in page
    assert 'data-key="lamp/secret"' in boss.get("/devices/lamp/?hidden=1").content.decode()
    assert "secret" not in boss.get("/").content.decode()
    told = boss.get("/api/v1/devices/lamp").json()
    assert {one["metric"]: one["hidden"] for one in told["series"]} == {
        "shown": False,
        "secret": True,
    }
