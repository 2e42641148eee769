"""A page whose server is away says so, since when, and goes on by itself."""

import signal

import pytest

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant

pytestmark = [pytest.mark.services, pytest.mark.browser]


def test_the_server_goes_and_comes_back(whole_plant: Plant) -> None:
    plant = whole_plant
    plant.worker()
    web = plant.web()
    plant.add_user()
    with chromium() as browser:
        page = Watched(browser, plant.base, service_workers="allow")
        page.log_in()
        page.wait_live()
        page.wait("navigator.serviceWorker.controller !== null", 20)
        page.wait("localStorage.getItem('iotbridge.seen') !== null", 20)
        web.stop(signal.SIGKILL)
        page.goto("/boards/")
        heading = page.page.inner_text("h1")
        assert heading == "The server does not answer."
        page.wait(
            "document.getElementById('since').textContent.startsWith('Nothing is known since')"
        )
        page.shot("offline")
        plant.web()
        wait_until(
            lambda: page.page.inner_text("h1") == "Boards", "the page that was asked for", 30
        )
        page.wait_live()
        assert page.foreign == []
        page.context.close()
