"""One zone, the person's: what is written, and what forms read."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.models import Device, Job
from tests.mqtt_ingest.storing.test_slot_writer import entry, make_writer, store

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def staff(settings: Any) -> Client:
    settings.MQTT_REGISTRATION = "accept"
    # 2025-11-20 23:33:44 UTC
    store(make_writer(), entry({"ts": 1_763_681_624_000, "t": 1}))
    get_user_model().objects.create_superuser("root", password="root")
    client = Client()
    client.login(username="root", password="root")
    return client


def test_without_a_cookie_times_are_in_utc_and_say_so(staff: Client) -> None:
    page = staff.get("/devices/press-3/").content.decode()
    assert "2025-11-20 23:33:44 UTC" in page


@pytest.mark.parametrize("name", ["Nowhere/Land", "../../etc/passwd", "%00", "x" * 5_000])
def test_a_cookie_that_names_no_zone_is_passed_over(staff: Client, name: str) -> None:
    staff.cookies["iotbridge_zone"] = name
    assert "23:33:44 UTC" in staff.get("/devices/press-3/").content.decode()


@pytest.mark.parametrize("path", ["/devices/press-3/", "/admin/devices/device/{pk}/change/"])
def test_pages_and_admin_write_the_zone_of_the_cookie(staff: Client, path: str) -> None:
    staff.cookies["iotbridge_zone"] = "Europe%2FBerlin"
    page = staff.get(path.format(pk=Device.objects.get().pk)).content.decode()
    assert "Europe/Berlin" in page
    assert "UTC" not in page.replace("Empty: UTC", "").replace("UTC+01:00", "")


def test_corrections_read_and_write_it(staff: Client) -> None:
    staff.cookies["iotbridge_zone"] = "Europe%2FBerlin"
    query = "metric=t&from=2025-11-21 00:33:44&to=2025-11-21 00:33:45"
    page = staff.get(f"/devices/press-3/corrections?{query}").content.decode()
    assert "2025-11-21T00:33:44+01:00" in page


def test_exports_and_imports_begin_with_it(staff: Client) -> None:
    staff.cookies["iotbridge_zone"] = "Europe%2FBerlin"
    assert 'value="Europe/Berlin"' in staff.get("/export").content.decode()
    form = {"keys": ["press-3/t"], "from": "2025-11-21 00:33", "to": "2025-11-21 00:34"}
    form |= {"format": "csv", "zone": "Europe/Berlin"}
    assert staff.post("/export", form).status_code == 302
    options = Job.objects.get(kind="export").options
    assert 1_763_681_580_000_000 in options.values()
