"""An open page survives restarts of everything behind it, without a reload."""

import json
import signal

import pytest

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.browser]
STATE = "[data-cell=state] .badge"
MODULE = "**/js/pages/device.js"
VALUE = "figure[data-metric=t] [data-cell=value]"


def send(plant: Plant, value: float) -> None:
    publish(plant, [("devices/press-3/telemetry", json.dumps({"t": value}))])


def shows(page: Watched, value: float) -> None:
    page.wait(f"document.querySelector('{VALUE}').textContent === '{value:g}'", seconds=20)


def is_state(page: Watched, state: str) -> None:
    page.wait(f"document.querySelector('{STATE}').dataset.state === '{state}'", seconds=20)


def test_web_redis_and_worker_restart_under_an_open_page(whole_plant: Plant) -> None:
    plant = whole_plant
    worker, web = plant.worker(), plant.web()
    plant.add_user()
    send(plant, 1)
    wait_until(lambda: plant.count() == 1, "the first row")
    with chromium() as browser:
        page = Watched(browser, plant.base)
        page.log_in()
        # The server cannot give the page's module at first: it is asked for again.
        page.page.route(MODULE, lambda route: route.abort())
        page.goto("/devices/press-3/")
        page.wait_live()
        page.page.unroute(MODULE)
        page.problems.clear()
        send(plant, 0)
        shows(page, 0)
        send(plant, 1)
        shows(page, 1)
        page.page.evaluate("window.stillTheSamePage = true")
        navigations = page.navigations

        web.stop(signal.SIGKILL)
        page.wait_not_live()
        assert "connection was lost" in page.link_words()
        is_state(page, "unknown")
        assert page.page.inner_text(VALUE) == "1"
        page.shot("not-live")
        send(plant, 2)
        web = plant.web()
        page.wait_live(40)
        shows(page, 2)
        is_state(page, "online")

        plant.layer.kill()
        send(plant, 3)
        shows(page, 3)  # healed from the change log, without Redis
        plant.layer.start()
        send(plant, 4)
        shows(page, 4)

        worker.stop(signal.SIGTERM)
        page.wait_not_live()
        assert "no ingest worker" in page.link_words()
        send(plant, 5)
        plant.worker()
        page.wait_live(30)
        shows(page, 5)

        plant.broker.stop()
        page.wait_not_live()
        is_state(page, "unknown")
        assert "Since " in page.link_words()
        # A page that is opened now says the same, without JavaScript too.
        listed = Watched(browser, plant.base, java_script_enabled=False)
        listed.log_in()
        assert "unknown" in listed.page.inner_text("tr[data-device=press-3]")
        assert listed.page.inner_text("[data-count=unknown]") == "1"
        plant.broker.start()
        page.wait_live(60)
        is_state(page, "online")
        send(plant, 6)
        shows(page, 6)

        assert page.navigations == navigations
        assert page.page.evaluate("window.stillTheSamePage")
        assert page.problems == []
    assert plant.count() == 8


@pytest.mark.parametrize("seconds", [2, 13])
def test_the_database_goes_away_and_comes_back(whole_plant: Plant, seconds: int) -> None:
    """Shortly: the worker holds on. Longer: it gives the broker its packets back."""
    plant = whole_plant
    worker, web = plant.worker(), plant.web()
    plant.add_user()
    send(plant, 1)
    wait_until(lambda: plant.count() == 1, "the first row")
    with chromium() as browser:
        page = Watched(browser, plant.base)
        page.log_in()
        page.goto("/devices/press-3/")
        page.wait_live()
        shows(page, 1)
        plant.database.stop(signal.SIGQUIT)
        send(plant, 2)
        page.wait_not_live()
        assert "cannot reach the broker or the database" in page.link_words()
        is_state(page, "unknown")
        page.page.wait_for_timeout(seconds * 1_000)
        plant.database.start()
        page.wait_live(40)
        shows(page, 2)
        is_state(page, "online")
        # What is wrong is asked for every 20 s; a browser logs that nobody could say it then.
        assert [one for one in page.problems if "/api/v1/problems" not in one] == []
    assert plant.count() == 2
    assert (worker.returncode, web.returncode) == (None, None)
    assert worker.text().count("database: away") == 1
    assert web.text().count("The database is away") == 1
    assert "Traceback" not in worker.text()
