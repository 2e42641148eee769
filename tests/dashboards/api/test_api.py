"""The API: rights, registering, readings, and errors that name the parameter."""

import json
import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from devices import queries
from devices.access import token_digest
from devices.models import ApiToken, Device, Membership, Series, Site, Writer
from tests.mqtt_ingest.storing.test_slot_writer import entry, make_writer, store
from tests.support.database import insert_readings
from tests.support.factories import ARRIVAL

pytestmark = pytest.mark.usefixtures("tables")
TS = ARRIVAL // 1_000 - 60_000


@pytest.fixture
def staff() -> Client:
    user = get_user_model().objects.create_user("boss", is_superuser=True)
    ApiToken.objects.create(user=user, digest=token_digest("boss-token"))
    return Client(headers={"Authorization": "Bearer boss-token"})


@pytest.fixture
def viewer() -> Client:
    user = get_user_model().objects.create_user("vera")
    site = Site.objects.create(slug="plant", name="Plant")
    Membership.objects.create(user=user, site=site, role="viewer")
    ApiToken.objects.create(user=user, digest=token_digest("vera-token"))
    return Client(headers={"Authorization": "Bearer vera-token"})


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return dict(answer.json())


def test_without_identity_nothing_is_told() -> None:
    assert "Bearer" in problem(Client().get("/api/v1/devices"), 401)["detail"]
    headers = {"Authorization": "Bearer wrong"}
    problem(Client(headers=headers).get("/api/v1/status"), 401)


def test_a_device_from_birth_to_end(staff: Client) -> None:
    Site.objects.create(slug="plant", name="Plant")
    body = {"key": "press-3", "name": "Press", "site": "plant", "tags": ["press"], "type": "press"}
    made = staff.post("/api/v1/devices", body, content_type="application/json")
    assert made.status_code == 201, made.content
    assert made.json()["state"] == "never"
    change = staff.patch(
        "/api/v1/devices/press-3",
        {"name": "P3", "stale_after_s": 60},
        content_type="application/json",
    )
    assert change.json()["name"] == "P3"
    assert change.json()["tags"] == ["press"]
    listed = staff.get("/api/v1/devices?search=p3").json()
    assert (listed["count"], listed["items"][0]["site"]) == (1, "plant")
    assert staff.delete("/api/v1/devices/press-3").status_code == 204
    problem(staff.get("/api/v1/devices/press-3"), 404)


def test_bad_input_names_the_field(staff: Client) -> None:
    def post(body: Any) -> Any:
        return staff.post("/api/v1/devices", json.dumps(body), content_type="application/json")

    assert problem(post({"key": "a/b"}), 422)["errors"][0]["parameter"] == "key"
    assert "latitude" in problem(post({"key": "a", "latitude": 99}), 422)["detail"]
    assert problem(post({"key": "a", "site": "none"}), 422)["errors"][0]["parameter"] == "site"
    Device.objects.create(key="a")
    problem(post({"key": "a"}), 409)
    for query, parameter in (
        ("from=x", "from"),
        ("points=1", "points"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("to=1e99", "to"),
        ("from=1763681624", "from"),
        ("to=1763681625", "to"),
    ):
        body = problem(staff.get(f"/api/v1/devices/a/readings?{query}"), 422)
        assert parameter in body["errors"][0]["parameter"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "devices", {"key": "b", "nmae": "typo"}),
        ("patch", "devices/a", {"nmae": "typo"}),
        ("patch", "devices/a", {"key": "b"}),
        ("post", "exports", {"keys": ["a/*"], "form": "csv"}),
    ],
)
def test_unknown_fields_are_refused_by_name(
    staff: Client, method: str, path: str, body: dict[str, Any]
) -> None:
    Device.objects.create(key="a")
    answer = getattr(staff, method)(f"/api/v1/{path}", body, content_type="application/json")
    told = problem(answer, 422)
    assert told["errors"] == [{"parameter": list(body)[-1], "detail": "there is no such field"}]


def test_a_body_of_many_wrong_values_costs_little(staff: Client) -> None:
    def post(body: dict[str, Any]) -> dict[str, Any]:
        answer = staff.post("/api/v1/exports", json.dumps(body), content_type="application/json")
        return problem(answer, 422)

    assert "20000 values" in post({"keys": [0] * 30_000})["detail"]
    assert "20000 values" in post({f"n{number}": 0 for number in range(30_000)})["detail"]
    assert len(post({"keys": [0] * 5_000})["errors"]) == 20


def test_a_zone_is_set_and_a_wrong_one_refused(staff: Client) -> None:
    Device.objects.create(key="a")

    def patch(zone: str | None) -> Any:
        body = {"zone": zone}
        return staff.patch("/api/v1/devices/a", body, content_type="application/json")

    assert patch("Europe/Berlin").json()["zone"] == "Europe/Berlin"
    assert problem(patch("Berlin"), 422)["errors"][0]["parameter"] == "zone"
    assert patch(None).json()["zone"] == ""


@pytest.mark.parametrize("key", [".", ".."])
def test_dots_alone_are_no_key(staff: Client, key: str) -> None:
    body = {"key": key}
    problem(staff.post("/api/v1/devices", body, content_type="application/json"), 422)


def test_readings_are_exact_rows_or_bins(staff: Client, settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"
    writer = make_writer()
    store(writer, *(entry({"ts": TS + n * 100, "t": n, "on": n > 5}) for n in range(50)))
    exact = staff.get(f"/api/v1/devices/press-3/readings?metric=t&from={TS}&to={TS + 4_900}").json()
    (series,) = exact["series"]
    assert series["resolution_s"] == 0
    assert series["ts"] == [TS + n * 100 for n in range(50)]
    assert series["value"] == series["min"] == series["max"] == [float(n) for n in range(50)]
    query = f"keys=press-3/t&keys=press-3/none&from={TS}&to={TS + 4_900}&points=10"
    binned = staff.get(f"/api/v1/readings?{query}").json()
    (series,) = binned["series"]
    assert series["resolution_s"] >= 1
    assert min(series["min"]) == 0
    assert max(series["max"]) == 49
    assert binned["denied"] == ["press-3/none"]
    problem(staff.get("/api/v1/devices/press-3/readings?metric=none"), 404)


def test_without_an_end_a_span_ends_now_by_the_clocks_of_the_devices(
    staff: Client, settings: Any
) -> None:
    settings.MQTT_REGISTRATION = "accept"
    writer = make_writer()
    ahead = 60 * 86_400_000_000
    right = time.time_ns() // 1_000 + ahead
    store(writer, entry({"ts": right / 1e3 - 60_000, "t": 1}, received_at=right))
    Writer.objects.update(clocks_ahead=ahead)
    (series,) = staff.get("/api/v1/readings?keys=press-3/t").json()["series"]
    assert series["value"] == [1]


def test_a_viewer_sees_only_the_site_and_changes_nothing(viewer: Client) -> None:
    Device.objects.create(key="mine", site=Site.objects.get())
    Device.objects.create(key="other")
    assert [d["key"] for d in viewer.get("/api/v1/devices").json()["items"]] == ["mine"]
    unknown = problem(viewer.get("/api/v1/devices/unknown"), 404)["detail"]
    hidden = problem(viewer.get("/api/v1/devices/other"), 404)["detail"]
    assert hidden.replace("other", "unknown") == unknown
    body = {"name": "x"}
    problem(viewer.patch("/api/v1/devices/mine", body, content_type="application/json"), 403)
    problem(viewer.delete("/api/v1/devices/mine"), 403)
    problem(viewer.post("/api/v1/devices", {"key": "n"}, content_type="application/json"), 403)
    problem(viewer.get("/api/v1/packets"), 403)
    assert viewer.get("/api/v1/readings?keys=other/t").json()["denied"] == ["other/t"]


def test_an_operator_may_rename_but_not_accept(viewer: Client) -> None:
    Membership.objects.update(role="operator")
    Device.objects.create(key="mine", site=Site.objects.get())
    path = "/api/v1/devices/mine"
    assert viewer.patch(path, {"name": "x"}, content_type="application/json").status_code == 200
    problem(viewer.patch(path, {"enabled": False}, content_type="application/json"), 403)


def test_session_calls_need_the_csrf_token() -> None:
    get_user_model().objects.create_user("boss", password="pw", is_superuser=True)
    client = Client(enforce_csrf_checks=True)
    assert client.login(username="boss", password="pw")
    assert client.get("/api/v1/devices").status_code == 200
    answer = client.post("/api/v1/devices", {"key": "x"}, content_type="application/json")
    assert answer.status_code == 403


def test_description_and_docs_are_served_locally(staff: Client) -> None:
    paths = staff.get("/api/v1/openapi.json").json()["paths"]
    assert {"/api/v1/devices", "/api/v1/readings", "/api/v1/status"} <= set(paths)
    page = staff.get("/api/v1/docs").content.decode()
    assert "http" not in page.split("swagger-settings")[0]
    status = staff.get("/api/v1/status").json()
    assert status["ingest"]["state"] == "stopped"


def test_aggregates_by_calendar_buckets(staff: Client, settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"
    # 2025-11-20 in UTC; in Tokyo it is the 21st.
    store(make_writer(), *[entry({"t": n, "ts": TS + n * 1_000}) for n in range(5)])
    query = f"keys=press-3/*,none/t&from={TS}&to={TS + 60_000}"
    body = staff.get(f"/api/v1/aggregates?{query}&zone=Asia/Tokyo").json()
    assert body["denied"] == ["none/t"]
    assert [end - start for start, end in zip(body["start"], body["end"], strict=True)] == [
        86_400_000
    ]
    assert body["start"][0] % 86_400_000 == 15 * 3_600_000
    series = body["series"][0]
    assert (series["count"], series["min"], series["max"], series["mean"]) == ([5], [0], [4], [2])
    assert (series["first"], series["last"], series["increase"]) == ([0], [4], [4])


@pytest.mark.parametrize(
    ("query", "parameter", "words"),
    [
        ("zone=Mars/Olympus", "zone", "IANA"),
        ("bucket=decade", "bucket", "day"),
        ("bucket=hour&from=0", "bucket", "shorter span"),
        ("from=2026-01-02&to=2026-01-01", "from", "later"),
        ("from=-1e12", "from", "1970"),
        ("from=2026-01-01&to=9998-12-31", "to", "9000"),
    ],
)
def test_wrong_aggregates_name_the_parameter(
    staff: Client, query: str, parameter: str, words: str
) -> None:
    body = problem(staff.get(f"/api/v1/aggregates?keys=a/t&{query}"), 422)
    assert body["errors"][0]["parameter"] == parameter
    assert words in json.dumps(body)


def test_a_read_that_takes_too_long_is_stopped(
    staff: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MQTT_REGISTRATION = "accept"
    store(make_writer(), entry({"t": 1, "ts": TS}))
    endless = (
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
    )

    def forever(*_given: object) -> int:
        with connection.cursor() as cursor:
            cursor.execute(endless)
        return 0

    monkeypatch.setattr(queries.snapshot, "READ_SECONDS", 1)
    monkeypatch.setattr(queries, "count_rows", forever)
    body = problem(staff.get("/api/v1/devices/press-3/readings"), 422)
    assert "took over 1 s" in body["detail"]


@pytest.mark.parametrize(
    ("ts", "value"),
    [("2026-01-01T00:00:00Z", None), ("1767225601000", 1.0), ("1767225604999", 2.0)],
)
def test_the_last_value_at_a_moment_is_told(staff: Client, ts: str, value: float | None) -> None:
    device = Device.objects.create(key="past")
    series = Series.objects.create(device=device, metric="t", unit="°C")
    insert_readings(series, [(1_767_225_600_500_000, 1), (1_767_225_602_000_000, 2)])
    answer = staff.get(f"/api/v1/readings/at?keys=past/t,past/none&ts={ts}").json()
    assert [one["value"] for one in answer["values"]] == ([] if value is None else [value])
    assert answer["denied"] == ["past/none"]


@pytest.mark.parametrize("ts", ["", "x", "1e99", "-1e30", "99999999999999999999", "0001-01-01"])
def test_a_moment_that_is_none_is_named(staff: Client, ts: str) -> None:
    answer = staff.get(f"/api/v1/readings/at?keys=past/t&ts={ts}")
    assert answer.status_code in {200, 422}
    if answer.status_code == 422:
        assert answer.json()["errors"][0]["parameter"] == "ts"
