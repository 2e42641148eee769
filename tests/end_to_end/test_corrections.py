"""Somebody marks readings on one page; another page, open meanwhile, follows."""

import json
import time
import urllib.request
from typing import Any

import pytest

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.browser]
VALUE = "figure[data-metric=t] [data-cell=value]"
ROWS = "figure[data-metric=t] details tbody tr"


def post(plant: Plant, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"{plant.base}/api/v1/corrections",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {plant.token()}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


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

        # A mark that reaches into the future hides what is still to come.
        ahead = {"key": "press-3/t", "from": now, "to": now + 3_600_000, "reason": "being cleaned"}
        publish(plant, [("devices/press-3/telemetry", '{"t": 50}')])
        open_page.wait(f"document.querySelector('{VALUE}').textContent === '50'")
        post(plant, ahead)
        open_page.wait(f"document.querySelector('{VALUE}').textContent === '999'", seconds=20)
        publish(plant, [("devices/press-3/telemetry", '{"t": 60, "u": 5}')])
        other = "figure[data-metric=u] [data-cell=value]"
        open_page.wait(f"document.querySelector('{other}')?.textContent === '5'", seconds=20)
        assert open_page.page.inner_text(VALUE) == "999"
        assert open_page.page.locator(ROWS).count() == 4
        assert open_page.navigations == 3
        assert page.problems == open_page.problems == []
