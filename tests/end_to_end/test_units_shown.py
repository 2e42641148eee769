"""A person's unit is shown on live pages, in the past and on boards; what is stored stays."""

import json
import urllib.request
from typing import Any

import pytest

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.browser]
FIGURE = "figure[data-metric=t]"
VALUE = f"document.querySelector('{FIGURE} [data-cell=value]').textContent"


def call(plant: Plant, token: str, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{plant.base}/api/v1/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_live_values_tables_and_the_past_are_shown_in_the_unit_of_whoever_looks(
    plant: Plant,
) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    token = plant.token()
    publish(plant, [("devices/press-3/telemetry", '{"t": 21.5}')])
    wait_until(lambda: plant.count() == 1, "the reading", 30)
    assert call(plant, token, "PATCH", "series/press-3/t", {"unit": "Cel"})["unit"] == "°C"
    with chromium() as browser:
        page = Watched(browser, plant.base)
        page.log_in()
        page.page.click(".person > summary")
        page.page.click("header a[href='/account/']")
        page.page.select_option("select", "°F")
        page.page.click("main button[type=submit]")
        page.goto("/devices/press-3/")
        page.wait_live()
        page.wait(f"{VALUE} === '70.7'")
        publish(plant, [("devices/press-3/telemetry", '{"t": 25.5}')])
        page.wait(f"{VALUE} === '77.9'", seconds=20)
        page.page.click(f"{FIGURE} summary")
        rows = f"[...document.querySelectorAll('{FIGURE} details tbody td:nth-child(2)')]"
        told = f"{rows}.map((c) => c.textContent).join()"
        page.wait(f"{told} === '77.9,70.7'")
        # The past comes by the API, which tells stored units.
        page.page.click("[data-typed-span] > button")
        page.page.click("[data-span=wider]")
        page.wait("document.getElementById('span-words').textContent === ''", seconds=20)
        page.wait(f"{told} === '77.9,70.7'")
        page.goto("/boards/without-site/")
        page.wait_live()
        page.wait("document.querySelector('.widget .value b').textContent === '77.9'")
    stored = call(plant, token, "GET", "devices/press-3/readings?from=0")["series"][0]
    assert (stored["unit"], stored["value"]) == ("°C", [21.5, 25.5])
