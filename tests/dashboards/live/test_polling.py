"""The live protocol by HTTP: the same frames, asked for again and again."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboards.live.identity import KIOSK_COOKIE
from devices.access import kiosks
from devices.models import Device, Kiosk, Process, Site
from mqtt_ingest.storing.slot_writer import SlotWriter
from tests.dashboards.live.test_snapshots import now_us, put
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.client_store import Screen

pytestmark = pytest.mark.usefixtures("tables")
SUB = {"t": "sub", "id": 1, "keys": ["a/*", "b/t"]}


@pytest.fixture
def writer(settings: Any) -> SlotWriter:
    settings.MQTT_REGISTRATION = "accept"
    return make_writer()


@pytest.fixture
def staff() -> Client:
    client = Client(enforce_csrf_checks=False)
    client.force_login(get_user_model().objects.create_user("boss", is_superuser=True))
    return client


def poll(client: Client, *subs: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post("/api/v1/live", {"subs": subs}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return list(answer.json()["frames"])


def test_each_poll_brings_what_the_last_one_missed(
    writer: SlotWriter, staff: Client, ingest_up: Process
) -> None:
    now, screen = now_us(), Screen()
    put(writer, "a", {now - 3_000_000: 1, now - 2_000_000: 2})
    for frame in poll(staff, SUB):
        screen.take(frame)
    put(writer, "a", {now - 1_000_000: 3, now - 2_500_000: 1.5})
    for frame in poll(staff, {**SUB, "after": screen.cursor}):
        screen.take(frame)
    assert screen.modes == ["full", "patch"]
    assert [value for _ts, value in screen.since(0)["a/t"]] == [1, 1.5, 2, 3]
    assert screen.devices["a"]["state"] == "online"


def test_ranges_end_by_the_clocks_of_devices_where_they_agree_that_ours_is_behind(
    writer: SlotWriter, staff: Client, ingest_up: Process
) -> None:
    ahead = 60 * 86_400
    right = now_us() + ahead * 1_000_000
    put(writer, "a", {right - 7_200_000_000: 1, right - 60_000_000: 2}, right)
    ingest_up.info["slots"]["ingest-0"]["clocks_ahead_s"] = ahead
    ingest_up.save()
    screen = Screen()
    frames = poll(staff, {**SUB, "from": -3_600_000})
    for frame in frames:
        screen.take(frame)
    assert [value for _ts, value in screen.since(0)["a/t"]] == [2]
    assert frames[-1]["ingest"]["ahead_ms"] == (ahead + 1) * 1_000


def test_counts_jobs_and_health_come_too(
    writer: SlotWriter, staff: Client, ingest_up: Process
) -> None:
    put(writer, "a", {now_us(): 1})
    frames = poll(staff, {"id": 1, "kind": "fleet"}, {"id": 2, "kind": "jobs"})
    assert [(frame["t"], frame.get("id")) for frame in frames] == [
        *(("ack", 1), ("upd", 1), ("ack", 2), ("upd", 2), ("hb", None)),
    ]
    assert frames[1]["sites"][""]["online"] == 1
    assert frames[3]["jobs"] == []
    assert frames[4]["ingest"]["state"] == "up"


def test_without_ingest_counts_and_states_are_unknown(writer: SlotWriter, staff: Client) -> None:
    put(writer, "a", {now_us(): 1})
    frames = poll(staff, {"id": 1, "kind": "fleet"}, {**SUB, "id": 2})
    assert frames[1]["sites"][""] == {
        **dict.fromkeys(("online", "stale", "offline", "never", "pending"), 0),
        "unknown": 1,
    }
    assert frames[3]["devices"]["a"]["state"] == "unknown"
    assert frames[-1]["ingest"]["state"] == "stopped"


def test_what_is_wrong_is_told_beside_what_is_right(writer: SlotWriter, staff: Client) -> None:
    put(writer, "a", {now_us(): 1})
    frames = poll(staff, {"id": 1, "keys": "a/t"}, {**SUB, "id": 2})
    assert frames[0] == {
        "t": "err",
        "id": 1,
        "code": "bad_request",
        "msg": "keys must be a list of texts without NUL",
    }
    assert [frame["t"] for frame in frames[1:]] == ["ack", "snap", "hb"]
    assert frames[1]["denied"] == ["b/t"]


def test_all_polled_subscriptions_share_the_limit_of_a_socket(
    writer: SlotWriter, staff: Client, settings: Any
) -> None:
    settings.LIVE_MAX_SERIES = 1
    put(writer, "a", {now_us(): 1})
    put(writer, "b", {now_us(): 1})
    frames = poll(staff, {"id": 1, "keys": ["a/t"]}, {"id": 2, "keys": ["b/t"]})
    assert [frame.get("code") for frame in frames] == [None, None, "too_many", None]


def test_strangers_are_told_nothing_and_a_form_of_another_site_is_refused() -> None:
    body = json.dumps({"subs": [SUB]})
    assert Client().post("/api/v1/live", body, content_type="application/json").status_code == 401
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.create_user("vera"))
    assert client.post("/api/v1/live", body, content_type="application/json").status_code == 403


def test_a_screen_that_nobody_is_logged_in_on_asks_for_its_site_alone(writer: SlotWriter) -> None:
    site = Site.objects.create(name="North", slug="north")
    put(writer, "a", {now_us(): 7})
    put(writer, "b", {now_us(): 8})
    Device.objects.filter(key="a").update(site=site)
    kiosk = Kiosk.objects.create(name="Door", site=site)
    screen = Client(enforce_csrf_checks=True)
    screen.cookies[KIOSK_COOKIE] = kiosks.enrol(kiosk)
    subs = [{"id": 1, "kind": "fleet"}, {**SUB, "id": 2, "keys": ["a/t", "b/t"]}]
    body = json.dumps({"subs": subs})
    ask = {"path": "/api/v1/live", "data": body, "content_type": "application/json"}
    assert screen.post(**ask).status_code == 403
    wall = screen.get("/wall/north/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', wall)
    assert found is not None
    answer = screen.post(**ask, headers={"X-CSRFToken": found[1]})
    assert answer.status_code == 200, answer.content
    frames = answer.json()["frames"]
    assert [one["t"] for one in frames] == ["ack", "upd", "err", "hb"]
    assert set(frames[1]["sites"]) == {"north"}
    # Its wall shows counts; readings are not for whoever takes the cookie off the screen.
    assert frames[2]["msg"] == "kind must be fleet"
    # Of the API a screen has nothing else.
    assert screen.get("/api/v1/devices").status_code == 401
    kiosk.delete()
    assert screen.post(**ask, headers={"X-CSRFToken": found[1]}).status_code == 401
