"""The tabs of a device: history as a table, and how it is connected."""

import json
import time
from typing import Any

import pytest
from django.test import Client

from devices.models import Device, Identity, Latest, Series, Source
from tests.dashboards.views.test_made_boards import anna, client_of, told
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.database import insert_readings
from tests.support.factories import make_batch, make_entry

pytestmark = pytest.mark.usefixtures("tables")
__all__ = ["anna"]
HOUR_US = 3_600_000_000
NOW_US = time.time_ns() // 1_000


def series(metric: str, count: int, step: int = HOUR_US, **more: Any) -> Series:
    device = Device.objects.get(key="press")
    made, _new = Series.objects.get_or_create(device=device, metric=metric, defaults=more)
    insert_readings(made, [(NOW_US - n * step - 1_000, n + 0.125) for n in range(count)])
    return made


def rows(page: str) -> int:
    return page.count("<tr><td>")


def test_readings_stand_beside_each_other_by_their_time(anna: Client) -> None:
    series("t", 3, decimals=0)
    series("p", 3)
    page = told(anna.get("/devices/press/history"))
    assert rows(page) == 3
    # All digits, whatever charts show.
    assert page.count("<td>0.125</td>") == 2
    assert "Earlier" not in page
    one = told(anna.get("/devices/press/history?metric=t"))
    assert one.count("<td>0.125</td>") == 1


def test_pages_lead_back_to_the_first_reading(anna: Client) -> None:
    series("t", 450)
    series("p", 3)
    address, seen = "/devices/press/history", 0
    for _page in range(5):
        page = told(anna.get(address))
        seen += rows(page)
        if 'rel="next"' not in page:
            break
        href = page.split('rel="next" href="')[1].split('"')[0]
        address = f"/devices/press/history{href.replace('&amp;', '&')}"
    # One of `p` and one of `t` that came in the same moment are one row.
    assert seen == 450


@pytest.mark.parametrize("by", ["hour", "day", "week", "month"])
def test_sums_by_the_calendar(anna: Client, by: str) -> None:
    series("t", 30)
    page = told(anna.get(f"/devices/press/history?by={by}"))
    assert "29.125" in page or by == "hour"
    assert rows(page) >= 1
    assert 'rel="next"' in page


@pytest.mark.parametrize(
    "until",
    [
        *("x", "9999-99-99", "1e99", "99999999999999999999", "-1", "0001-01-01T00:00"),
        *("9999-12-31T23:59", "9999-12-31T23:59:59-23:59"),
    ],
)
def test_a_wrong_time_is_told(anna: Client, until: str) -> None:
    series("t", 1)
    for by in ("", "day"):
        answer = anna.get("/devices/press/history", {"until": until, "by": by})
        assert answer.status_code == 200


def test_until_is_of_the_zone_that_is_shown(anna: Client) -> None:
    made = series("t", 0)
    at = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
    insert_readings(made, [(at, 7.5)])
    anna.cookies["iotbridge_zone"] = "Europe/Berlin"
    assert rows(told(anna.get("/devices/press/history?until=2026-01-01T00:59:59"))) == 0
    assert rows(told(anna.get("/devices/press/history?until=2026-01-01T01:00:01"))) == 1


def test_a_device_without_anything_says_so(anna: Client) -> None:
    Series.objects.all().delete()
    assert "No data yet" in told(anna.get("/devices/press/history"))
    page = told(anna.get("/devices/press/connection"))
    assert "cannot be told" in page
    assert "has not sent anything yet" in page


def test_how_a_device_is_connected(anna: Client, settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"
    source = Source.objects.get(name="native")
    Identity.objects.create(source=source, native_id="press", device=Device.objects.get())
    now = time.time_ns() // 1_000
    for number in (1, 2, 4):
        entry = make_entry(
            json.dumps({"seq": number}),
            "devices/press/telemetry",
            received_at=now - (5 - number) * 1_000_000,
        )
        make_writer().store(make_batch(entry))
    assert Latest.objects.exists()
    page = told(anna.get("/devices/press/connection"))
    assert "3 of 4 packets are here: 1 is missing" in page
    assert "native" in page
    assert "devices/press/telemetry" in page
    assert "Last packets" not in page
    assert client_of("bert", "viewer").get("/devices/press/connection").status_code == 200
