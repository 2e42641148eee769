"""A standby that was behind takes over: what it did not have is gone, and nothing else wrong."""

import json
import signal
import time
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.end_to_end.test_live_socket import Page
from tests.support import services
from tests.support.client_store import Screen
from tests.support.services import wait_until
from tests.support.stack import Plant, Process, publish

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


def telemetry(device: str, **values: float) -> tuple[str, str]:
    return f"devices/{device}/telemetry", json.dumps(values)


def stored(plant: Plant) -> dict[str, list[float]]:
    """Return what the database has, by device and metric."""
    rows = plant.sql(
        "SELECT d.key || '/' || s.metric, array_agg(r.value ORDER BY r.ts) FROM devices_reading r "
        "JOIN devices_series s ON s.id = r.series_id JOIN devices_device d ON d.id = s.device_id "
        "GROUP BY 1"
    )
    return dict(rows)


def send(plant: Plant, **devices: dict[str, float]) -> None:
    before = plant.count()
    publish(plant, [telemetry(device, **values) for device, values in devices.items()])
    more = sum(map(len, devices.values()))
    wait_until(lambda: plant.count() == before + more, "the readings", 30)


class Person:
    """Somebody who has logged in, and asks for pages."""

    def __init__(self, plant: Plant) -> None:
        cookies = CookieJar()
        self._browser = build_opener(HTTPCookieProcessor(cookies))
        self._base = plant.base
        self.ask("/login/")
        token = next(str(cookie.value) for cookie in cookies if cookie.name == "csrftoken")
        form = {"username": "admin", "password": "secret-123", "csrfmiddlewaretoken": token}
        assert self.ask("/login/", urlencode(form).encode()) == 200

    def ask(self, path: str, data: bytes | None = None) -> int:
        try:
            with self._browser.open(self._base + path, data, timeout=20) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code


def shown(page: Page, screen: Screen, wanted: dict[str, list[float]]) -> None:
    """Take frames until the page shows exactly `wanted`."""
    until = time.monotonic() + 30 * services.PATIENCE
    while time.monotonic() < until:
        if {k: list(v) for k, v in values(screen).items() if v} == wanted:
            return
        try:
            frame = page.receive(1)
        except TimeoutError:
            continue
        if frame.get("id") == 1:
            screen.take(frame)
        if "seq" in frame:
            page.send({"t": "rx", "seq": frame["seq"]})
    raise AssertionError((values(screen), wanted))


def values(screen: Screen) -> dict[str, list[float]]:
    return {key: [value for _ts, value in sorted(screen.points.get(key, {}).items())]
            for key in screen.series.values()}  # fmt: skip


def test_a_standby_that_was_behind_takes_over(whole_plant: Plant) -> None:
    plant = whole_plant
    worker, web = plant.worker(), plant.web()
    plant.add_user()
    token, person = plant.token(), Person(plant)
    assert person.ask("/") == 200
    send(plant, kept={"t": 1})
    with services.folder("standby") as folder:
        copy = services.base_backup(plant.database, folder / "data")
        # What follows never reaches the standby: a device, series, and values of an old one.
        send(plant, gone={"a": 10, "b": 11})
        send(plant, kept={"t": 2})
        page, screen = Page(plant, token), Screen()
        page.send({"t": "sub", "id": 1, "keys": ["kept/*", "gone/*"], "from": -3_600_000})
        shown(page, screen, {"gone/a": [10], "gone/b": [11], "kept/t": [1, 2]})

        plant.database.kill()
        with services.postgresql(plant.database.port, prepared=copy):
            _waits_for_promotion(plant, worker, person)
            plant.sql("SELECT pg_promote()")
            wait_until(lambda: "ingest-0: subscribed" in worker.text().rpartition("went back")[2],
                       "the worker to begin anew", 60)  # fmt: skip
            # The first new device gets the number that the lost one had.
            send(plant, other={"x": 20, "y": 21})
            send(plant, gone={"a": 12}, kept={"t": 3})
            assert stored(plant) == {
                **{"kept/t": [1, 3], "gone/a": [12]},
                **{"other/x": [20], "other/y": [21]},
            }
            shown(page, screen, {"kept/t": [1, 3], "gone/a": [12]})
            _is_told(plant)
            page.close()
            assert (worker.returncode, web.returncode) == (None, None)
            assert "Traceback" not in worker.text()
            assert "Traceback" not in web.text()
            plant.stop()


def _waits_for_promotion(plant: Plant, worker: Process, person: Person) -> None:
    """A standby that takes no writes is a database that is away, for worker and pages."""
    assert plant.sql("SELECT pg_is_in_recovery()") == [(True,)]
    wait_until(lambda: "database: away" in worker.text(), "the worker to wait", 30)
    for path in ("/", "/devices/kept/", "/status", "/admin/", "/api/v1/status"):
        assert person.ask(path) == 503, path
    assert worker.returncode is None, worker.text()


def _is_told(plant: Plant) -> None:
    losses = (
        "SELECT packets, until > since, detail FROM devices_loss WHERE reason = 'database_back'"
    )
    ((packets, lasted, detail),) = plant.sql(losses)
    assert (packets, lasted) == (None, True)
    assert "ingest-0 had committed batch" in detail
    assert "yellow: The database went back to an older state" in plant.manage("status")


def test_a_switchover_that_loses_nothing_names_no_loss(whole_plant: Plant) -> None:
    plant = whole_plant
    plant.worker()
    plant.web()
    send(plant, kept={"t": 1})
    with services.folder("standby") as folder:
        copy = services.base_backup(plant.database, folder / "data")
        plant.database.stop(signal.SIGINT)
        with services.postgresql(plant.database.port, prepared=copy):
            plant.sql("SELECT pg_promote()")
            send(plant, kept={"t": 2})
            assert stored(plant) == {"kept/t": [1, 2]}
            assert plant.sql("SELECT count(*) FROM devices_loss") == [(0,)]
            plant.stop()


def test_a_database_that_turns_read_only_is_waited_for(whole_plant: Plant) -> None:
    plant = whole_plant
    worker = plant.worker()
    plant.web()
    plant.add_user()
    send(plant, kept={"t": 1})
    person = Person(plant)

    def turn(switch: str) -> None:
        # Connections that there are learn it with their next transaction.
        plant.sql(f"ALTER SYSTEM SET default_transaction_read_only = {switch}")
        plant.sql("SELECT pg_reload_conf()")

    turn("on")
    publish(plant, [telemetry("kept", t=2)])
    wait_until(lambda: "database: away" in worker.text(), "the worker to wait", 30)
    assert person.ask("/admin/logout/", b"") in {403, 503}
    turn("off")
    wait_until(lambda: stored(plant) == {"kept/t": [1, 2]}, "what waited at the broker", 60)
    assert worker.returncode is None
    assert "Traceback" not in worker.text()
