"""The wall page, and screens that show it without anybody being logged in."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from dashboards.live import identity
from dashboards.live.identity import KIOSK_COOKIE, Screen
from devices.access import kiosks
from devices.alarms.models import Alarm
from devices.models import Device, Kiosk, Latest, Membership, Process, Series, Site

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def north() -> Site:
    """A site with one below it; a device each, and one of another site."""
    site = Site.objects.create(slug="north", name="North")
    below = Site.objects.create(slug="hall", name="Hall", parent=site)
    now = timezone.now()
    heard = {"last_seen": now, "expected_by": now + timedelta(minutes=5)}
    Device.objects.create(key="good", site=site, **heard)
    Device.objects.create(key="silent", site=below, last_seen=now - timedelta(hours=2))
    Device.objects.create(key="elsewhere", site=Site.objects.create(slug="south", name="South"))
    Device.objects.create(key="new", site=site, pending=True)
    return site


def enrolled(site: Site) -> tuple[Client, Kiosk]:
    kiosk = Kiosk.objects.create(name="Door", site=site)
    screen = Client()
    screen.post(f"/kiosk/{kiosks.new_code(kiosk)}/")
    kiosk.refresh_from_db()
    return screen, kiosk


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return " ".join(answer.content.decode().split())


def test_the_worst_alarm_is_the_largest_thing(north: Site, ingest_up: Process) -> None:
    for number, (key, severity) in enumerate(
        (("good", "warning"), ("silent", "critical"), ("good", "info"), ("elsewhere", "critical"))
    ):
        Alarm.objects.create(
            **{"seq": number, "rule_name": f"rule {number}", "severity": severity, "value": "81"},
            **{"device": Device.objects.get(key=key), "since": 1, "noticed_at": timezone.now()},
        )
    text = text_of(enrolled(north)[0].get("/wall/north/"))
    worst = text[text.index('class="worst"') :]
    assert worst.startswith('class="worst" data-state="offline"> <strong>rule 1</strong> silent')
    assert "<strong>rule 0</strong> good" in worst
    assert "rule 2" not in text
    assert "rule 3" not in text
    # What is silent is told besides.
    assert "<strong>silent</strong>" in worst
    Alarm.objects.all().delete()
    assert 'data-state="stale"' in text_of(enrolled(north)[0].get("/wall/north/?fragment=1"))


def test_the_worst_device_of_the_site_and_those_below_is_the_large_line(
    north: Site, ingest_up: Process
) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    text = text_of(client.get("/wall/north/"))
    assert 'class="worst" data-state="stale"' in text
    assert "<strong>silent</strong>" in text
    assert "2 h ago" in text or "120 min ago" in text
    assert "<strong>1</strong> online" in text
    assert "elsewhere" not in text
    assert "<strong>new</strong>" not in text
    Device.objects.filter(key="silent").delete()
    assert "<strong>The one device</strong>" in text_of(client.get("/wall/north/?fragment=1"))


def test_what_is_not_known_is_told_as_not_known_and_since_when(
    north: Site, ingest_up: Process
) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    since = timezone.now() - timedelta(minutes=3)
    info = {"slots": {"ingest-0": {"state": "unreachable"}}, "last_up": since.timestamp()}
    Process.objects.update(state="down", info=info)
    text = text_of(client.get("/wall/north/?fragment=1"))
    assert 'class="worst" data-state="unknown"' in text
    assert f'Not known since <time datetime="{since.isoformat()}"' in text
    assert "1 device was online until then." in text
    assert "<strong>0</strong> online" in text
    assert "<strong>1</strong> unknown" in text
    # What was known before stays told, as what it is: the last that is known.
    assert "<strong>silent</strong>" in text
    assert 'class="counts old"' in text
    Process.objects.update(state="up", info={"slots": {"ingest-0": {"state": "subscribed"}}})
    assert 'data-state="unknown"' not in text_of(client.get("/wall/north/?fragment=1"))


def test_a_wall_needs_a_login_or_a_kiosk_of_that_site(north: Site) -> None:
    assert Client().get("/wall/north/")["Location"].startswith("/login/")
    client = Client()
    user = get_user_model().objects.create_user("vera")
    client.force_login(user)
    assert client.get("/wall/north/").status_code == 404
    Membership.objects.create(user=user, site=north, role="viewer")
    assert client.get("/wall/north/").status_code == 200
    screen, _kiosk = enrolled(north)
    assert screen.get("/wall/north/").status_code == 200
    assert screen.get("/wall/hall/").status_code == 200
    assert screen.get("/wall/south/").status_code == 404
    assert screen.get("/").status_code == 302


def test_a_code_enrols_one_screen_and_only_when_it_is_asked_to(north: Site) -> None:
    kiosk = Kiosk.objects.create(name="Door", site=north)
    code = kiosks.new_code(kiosk)
    screen = Client()
    assert "Show North here" in text_of(screen.get(f"/kiosk/{code}/"))
    assert KIOSK_COOKIE not in screen.cookies
    answer = screen.post(f"/kiosk/{code}/")
    assert answer["Location"] == "/wall/north/"
    cookie = answer.cookies[KIOSK_COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert int(cookie["max-age"]) > 300_000_000
    assert Client().post(f"/kiosk/{code}/").status_code == 403


def test_codes_that_are_old_or_wrong_are_refused(north: Site) -> None:
    kiosk = Kiosk.objects.create(name="Door", site=north)
    code = kiosks.new_code(kiosk)
    Kiosk.objects.update(code_until=timezone.now() - timedelta(seconds=1))
    for wrong in (code, "abc", "%20"):
        assert Client().get(f"/kiosk/{wrong}/").status_code == 403


def test_a_new_screen_in_its_place_or_no_kiosk_ends_the_old_one(north: Site) -> None:
    screen, kiosk = enrolled(north)
    assert screen.get("/wall/north/").status_code == 200
    other = Client()
    other.post(f"/kiosk/{kiosks.new_code(kiosk)}/")
    assert screen.get("/wall/north/").status_code == 302
    assert other.get("/wall/north/").status_code == 200
    kiosk.delete()
    assert other.get("/wall/north/").status_code == 302


def test_a_socket_of_a_kiosk_sees_its_site_until_it_is_revoked(north: Site) -> None:
    screen, kiosk = enrolled(north)
    found = identity.of_page({"cookies": {KIOSK_COOKIE: screen.cookies[KIOSK_COOKIE].value}})
    assert isinstance(found, Screen)
    scope = found.scope_now()
    assert scope is not None
    assert {device.key for device in scope.devices()} == {"good", "silent"}
    assert found.jobs() == []
    kiosk.delete()
    assert found.scope_now() is None
    assert identity.of_page({"cookies": {KIOSK_COOKIE: "wrong"}}) is None
    assert identity.of_page({}) is None


def test_admin_tells_the_code_once(north: Site) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    data = {"name": "Door", "site": north.pk}
    page = text_of(client.post("/admin/devices/kiosk/add/", data, follow=True))
    assert "Open this on the screen Door, within a day, once: http://testserver/kiosk/" in page
    data = {"action": "give_new_code", "_selected_action": [Kiosk.objects.get().pk]}
    assert "/kiosk/" in text_of(client.post("/admin/devices/kiosk/", data, follow=True))


def test_the_rest_of_the_screen_has_devices_with_what_they_measure(north: Site) -> None:
    boss = Client()
    boss.force_login(get_user_model().objects.create_superuser("boss"))
    device = Device.objects.create(
        key="pump", name="Pump <b>1</b>", site=north, last_seen=timezone.now()
    )
    for number, metric in enumerate(("oil", "rpm", "flow")):
        series = Series.objects.create(device=device, metric=metric, unit="°C")
        Latest.objects.create(series=series, ts=int(time.time() * 1e6), value=20.5 + number)
    page = boss.get("/wall/north/?fragment=1").content.decode()
    tiles = page.partition("wall-tiles")[2]
    assert "Pump &lt;b&gt;1&lt;/b&gt;" in tiles
    assert "20.5" in tiles
    assert "flow" in tiles
    assert "rpm" not in tiles
