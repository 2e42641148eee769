"""Somebody marks readings on one page; another page, open meanwhile, follows."""

import json
import time

import pytest

from tests.support.browser import Watched, chromium
from tests.support.plant import Plant, publish
from tests.support.services import wait_until

pytestmark = [pytest.mark.services, pytest.mark.browser]
VALUE = "figure[data-metric=t] [data-cell=value]"
ROWS = "figure[data-metric=t] details tbody tr"


def test_a_mark_is_made_on_a_page_and_another_page_follows(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    now = int(time.time() * 1_000)
    values = [20, 21, 22, 999]
    publish(
        plant,
        [
            ("devices/press-3/telemetry", json.dumps({"ts": now - (4 - n) * 10_000, "t": value}))
            for n, value in enumerate(values)
        ],
    )
    wait_until(lambda: plant.count() == 4, "the rows")
    with chromium() as browser:
        open_page = Watched(browser, plant.base)
        open_page.log_in()
        open_page.goto("/devices/press-3/")
        open_page.wait_live()
        open_page.page.click("figure[data-metric=t] summary")
        open_page.wait(f"document.querySelector('{VALUE}').textContent === '999'")

        page = Watched(browser, plant.base)
        page.log_in()
        page.goto("/devices/press-3/")
        page.wait_live()
        page.page.click("figure[data-metric=t] summary")
        page.wait(f"document.querySelectorAll('{ROWS}').length === 4")
        page.page.click(f"{ROWS}:first-child >> text=Mark")
        assert "1 reading of t" in page.page.inner_text("main")
        page.page.fill("#reason", "a spike of the amplifier")
        page.shot("correction-preview")
        page.page.click("text=Mark 1 reading")
        assert "Marked." in page.page.inner_text("main")

        open_page.wait(f"document.querySelector('{VALUE}').textContent === '22'", seconds=20)
        open_page.wait(f"document.querySelectorAll('{ROWS}').length === 3")
        page.page.click("button:text-is('Undo')")
        open_page.wait(f"document.querySelector('{VALUE}').textContent === '999'", seconds=20)
        open_page.wait(f"document.querySelectorAll('{ROWS}').length === 4")
        assert open_page.navigations == 3
        assert page.problems == open_page.problems == []
