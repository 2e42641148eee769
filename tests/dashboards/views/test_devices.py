"""Pages: complete without JavaScript, closed without a login, strict."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from devices import registry
from devices.models import Device, DeviceCounts, Membership, Process, Site
from devices.monitoring import losses
from devices.storage.losses import record
from mqtt_ingest.models import DeadLetter
from tests.mqtt_ingest.storing.test_slot_writer import entry, make_writer, store
from tests.support.factories import make_entry

pytestmark = pytest.mark.usefixtures("tables")
PAGES = ["/", "/devices/press-3/", "/status", "/inspect"]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


@pytest.fixture
def press(settings: Any) -> Device:
    settings.MQTT_REGISTRATION = "accept"
    store(make_writer(), entry({"temperature": 21.5, "on": True, "note": "<b>x</b>"}))
    return Device.objects.get()


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_a_login(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_strict(staff: Client, press: Device, path: str) -> None:
    answer = staff.get(path)
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert "<b>x</b>" not in answer.content.decode()


def test_the_first_view_has_states_and_values(staff: Client, press: Device) -> None:
    for path in ("/", "/devices/press-3/?range=24h"):
        page = staff.get(path).content.decode()
        assert "21.5" in page
        assert "&lt;b&gt;x&lt;/b&gt;" in page
        assert "ago" in page


def test_the_empty_overview_says_how_to_connect(staff: Client) -> None:
    page = staff.get("/").content.decode()
    assert "mosquitto_pub" in page
    assert "Waiting for the first packet" in page


def test_devices_that_wait_are_announced_and_accepted_in_bulk(staff: Client, settings: Any) -> None:
    settings.MQTT_REGISTRATION = "pending"
    store(make_writer(), entry({"t": 1}), entry({"t": 1}, device="b"))
    assert '<strong id="pending-count">2</strong>' in staff.get("/").content.decode()
    keys = list(Device.objects.values_list("pk", flat=True))
    data = {"action": "accept", "_selected_action": keys}
    staff.post("/admin/devices/device/", data, follow=True)
    assert Device.objects.filter(pending=False, enabled=True).count() == 2
    staff.post("/admin/devices/device/", {**data, "action": "reject"}, follow=True)
    assert Device.objects.filter(enabled=False).count() == 2


def test_filters_narrow_and_a_fragment_is_only_the_list(staff: Client) -> None:
    site = Site.objects.create(slug="plant", name="Plant")
    for n in range(120):
        Device.objects.create(key=f"d{n:03}", site=site if n % 2 else None)
    page = staff.get("/").content.decode()
    assert page.count("data-device=") == 100
    assert "Page 1 of 2" in page
    fragment = staff.get("/?site=plant&search=d00&fragment=1").content.decode()
    assert fragment.count("data-device=") == 5
    assert "<html" not in fragment
    assert "No device matches" in staff.get("/?search=zzz").content.decode()


def test_others_see_what_their_memberships_give(press: Device) -> None:
    user = get_user_model().objects.create_user("vera")
    client = Client()
    client.force_login(user)
    assert client.get("/devices/press-3/").status_code == 404
    assert "press-3" not in client.get("/").content.decode()
    assert client.get("/inspect").status_code == 403
    site = Site.objects.create(slug="plant", name="Plant")
    Membership.objects.create(user=user, site=site)
    press.site = site
    press.save()
    assert client.get("/devices/press-3/").status_code == 200


def test_admin_shows_states_values_and_dead_letters(staff: Client, press: Device) -> None:
    store(make_writer("ingest-9"), make_entry(b"\xff\x00nonsense"))
    page = staff.get("/admin/devices/device/").content.decode()
    assert "temperature 21.5" in page
    assert "/devices/press-3/" in page
    assert staff.get(f"/admin/devices/device/{press.pk}/change/").status_code == 200
    for query in ("state=stale", "q=press", "pending__exact=0"):
        assert "press-3" in staff.get(f"/admin/devices/device/?{query}").content.decode()
    letter = DeadLetter.objects.get()
    listed = staff.get("/admin/mqtt_ingest/deadletter/").content.decode()
    assert "not_utf8" in listed
    detail = staff.get(f"/admin/mqtt_ingest/deadletter/{letter.pk}/change/").content.decode()
    assert "ff 00 6e" in detail
    data = {"action": "delete_selected", "_selected_action": [press.pk], "post": "yes"}
    staff.post("/admin/devices/device/", data)
    assert not Device.objects.exists()


def test_admin_previews_what_retention_removes(staff: Client, press: Device) -> None:
    where = "/admin/devices/retentionpolicy/"
    assert "(built in)" in staff.get(where).content.decode()
    added = staff.get(f"{where}add/").content.decode()
    assert 'value="730"' in added
    days = {"raw_days": 10, "minutes_days": 20, "quarters_days": 30, "hours_days": 0}
    answer = staff.post(f"{where}add/", {**days, "least_days": 5}).content.decode()
    assert "Minute sums are removed with the readings at the latest." in answer
    assert (
        staff.post(f"{where}add/", {**days, "minutes_days": 10, "least_days": 5}).status_code == 302
    )
    assert "readings 10 days" in staff.get(where).content.decode()
    (series,) = press.series.filter(metric="temperature")
    found = staff.get(
        "/admin/autocomplete/?app_label=devices&model_name=retentionpolicy&field_name=series&term=temp"
    )
    assert [row["id"] for row in found.json()["results"]] == [str(series.pk)]
    assert staff.post(f"/admin/devices/series/{series.pk}/delete/").status_code == 403


def test_the_overview_counts_by_site_what_somebody_may_see(
    staff: Client, press: Device, client: Client
) -> None:
    press.site = Site.objects.create(slug="north", name="North")
    press.save()
    Site.objects.create(slug="south", name="South")
    text = " ".join(staff.get("/?view=sites").content.decode().split())
    assert '<li data-sites="north"' in text
    assert '<b data-site-count="stale">1</b> stale' in text  # it was heard a year ago
    assert '<li data-sites="south"' in text
    user = get_user_model().objects.create_user("vera")
    Membership.objects.create(user=user, site=press.site, role="viewer")
    client.force_login(user)
    assert 'data-sites="south"' not in client.get("/?view=sites").content.decode()


def test_saving_in_admin_tells_the_workers(press: Device) -> None:
    from devices.models import Writer

    before = Writer.objects.get(name="ingest-0").registry
    press.enabled = False
    press.save()
    registry.accept([press])
    assert Writer.objects.get(name="ingest-0").registry == before + 2


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_answer_without_login(path: str) -> None:
    assert Client().get(path).status_code == 200


def test_status_tells_what_is_wrong_and_what_was_lost(staff: Client, press: Device) -> None:
    text = staff.get("/status").content.decode()
    assert "No ingest worker is running" in text
    assert "packets kept as dead letters" in text
    viewer = get_user_model().objects.create_user("viewer")
    client = Client()
    client.force_login(viewer)
    text = client.get("/status").content.decode()
    assert "no worker is running" in text
    assert "packets kept as dead letters" not in text


def test_hosts_and_process_ids_are_for_people_who_see_all(staff: Client, press: Device) -> None:
    now = timezone.now()
    info = {"slots": {}, "database": "connection to host db.internal failed", "services": {}}
    Process.objects.create(
        id="plc-host:4711", kind="ingest", state="up", started_at=now, beat_at=now, info=info
    )
    viewer = get_user_model().objects.create_user("viewer")
    client = Client()
    client.force_login(viewer)
    nothing = client.get("/api/v1/status").json()
    assert (nothing["conditions"], nothing["processes"]) == ([], [])
    Membership.objects.create(user=viewer, site=Site.objects.create(slug="plant", name="Plant"))
    for path in ("/api/v1/status", "/status", "/status?fragment"):
        text = client.get(path).content.decode()
        assert "plc-host" not in text
        assert "db.internal" not in text
        assert "The database does not take batches" in text
        assert "db.internal" in staff.get(path).content.decode()


def test_the_device_page_shows_losses_and_qos_0(staff: Client, press: Device) -> None:
    assert "publishes at QoS 0" not in staff.get("/devices/press-3/").content.decode()
    counts = press.counts
    assert press.last_seen is not None
    counts.qos0_at = round(press.last_seen.timestamp() * 1e6)
    counts.throttled = counts.series_refused = counts.refused = 7
    counts.save()
    record("throttled", 1_763_681_624_000_000, 1_763_681_625_000_000, 3, device_id=press.pk)
    text = staff.get("/devices/press-3/").content.decode()
    assert "publishes at QoS 0" in text
    assert "7 packets were refused by the rate limit" in text
    assert 'data-from="1763681624000000"' in text
    assert losses.WORDS["throttled"] in text


def test_while_the_database_is_away_pages_and_api_say_so(
    staff: Client,
    press: Device,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from django.db import OperationalError

    from devices.monitoring import heartbeats

    worker = Process(id="w-1", kind="ingest", state="down", info={"slots": {}})
    worker.beat_at = timezone.now()
    monkeypatch.setattr(heartbeats, "_remembered", [worker])

    def away() -> None:
        raise OperationalError("connection refused\nand more")

    monkeypatch.setattr(heartbeats, "processes", away)
    page = staff.get("/status")
    assert (page.status_code, page["Retry-After"], page["Refresh"]) == (503, "5", "5")
    assert "The database does not take batches" in page.content.decode()
    # Hosts and users that the database names are for the log.
    assert "connection refused" not in page.content.decode()
    assert "w-1" not in page.content.decode()
    assert "connection refused" in caplog.text
    answer = staff.get("/api/v1/status")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "database: The database does not take batches"
    told = Client().get("/metrics").content.decode()
    assert 'iotbridge_condition{code="database_away"} 1.0' in told


def test_metrics_tell_each_condition(press: Device) -> None:
    told = Client().get("/metrics").content.decode()
    assert 'iotbridge_condition{code="no_worker"} 1.0' in told
    assert 'iotbridge_condition{code="disk_full"} 0.0' in told


def test_a_device_with_many_metrics_has_pages_of_them_and_says_so(
    staff: Client, settings: Any
) -> None:
    settings.MQTT_REGISTRATION = "accept"
    store(make_writer(), entry({f"m{n:03}": n for n in range(95)}))
    first = staff.get("/devices/press-3/").content.decode()
    assert "Metrics 1 to 40 of 95" in first
    assert first.count("<figure") == 40
    last = staff.get("/devices/press-3/?page=3").content.decode()
    assert "Metrics 81 to 95 of 95" in last
    assert 'data-metric="m094"' in last


def test_the_first_run_page_does_not_say_that_nothing_came_where_a_device_waits(
    staff: Client,
) -> None:
    assert "Nothing has been received yet" in staff.get("/").content.decode()
    Device.objects.create(key="new", pending=True)
    page = staff.get("/").content.decode()
    assert "Nothing has been received yet" not in page
    assert "1</strong>" in page


def test_a_clock_in_another_zone_is_told_with_the_zone(staff: Client, press: Device) -> None:
    registry.accept([press])
    DeviceCounts.objects.update_or_create(
        device=press, defaults={"clock_difference_ms": 3_600_000, "local_time": 1}
    )
    page = staff.get("/devices/press-3/").content.decode()
    assert "Its clock is 1:00:00 ahead." in page
    assert "UTC+01:00" in page
