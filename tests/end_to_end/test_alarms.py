"""One person, three browsers: an alarm is seen in all, and acknowledged in one of them.

And a rule that is made by looking at what it would have raised.
"""

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish, whole_plant

BELL = "() => document.querySelector('#alarms-on:not([hidden]) span')?.textContent ?? ''"
pytestmark = [pytest.mark.services, pytest.mark.browser]


@pytest.fixture(scope="module")
def shop() -> Iterator[Plant]:
    with whole_plant() as plant:
        plant.worker()
        plant.web()
        plant.add_user("anna")
        now = round(time.time() * 1_000)
        points = [{"ts": now - 3_600_000 + n * 60_000, "oil": 50 + (n + 1) % 20} for n in range(60)]
        publish(plant, [("devices/press-3/telemetry", json.dumps(points))])
        wait_until(lambda: plant.count() == 60, "the readings")
        yield plant


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def looking_at(browser: Browser, shop: Plant, path: str) -> Watched:
    page = Watched(browser, shop.base, viewport={"width": 1280, "height": 900})
    page.log_in("anna")
    page.goto(path)
    page.wait_live()
    return page


def bell(page: Watched) -> str:
    found: str = page.page.evaluate(BELL)
    return found


def test_a_rule_is_made_by_what_it_would_have_raised(browser: Browser, shop: Plant) -> None:
    page = looking_at(browser, shop, "/alarms/rules/new?device=press-3&metric=oil")
    page.page.fill("[name=name]", "Oil too hot")
    page.page.select_option("[name=kind]", "above")
    assert page.page.locator("[data-field=low]").is_hidden()
    page.page.fill("[name=high]", "60")
    page.page.select_option("#days-back", "1")
    page.page.wait_for_selector("#tried:has-text('3 alarms in 1 day')")
    page.page.wait_for_selector("#tried-chart .would")
    # The limit is taken up by the arrow keys, and what it would have raised follows.
    page.page.focus("[data-limit=high]")
    for _ in range(20):
        page.page.keyboard.press("PageUp")
    page.page.wait_for_selector("#tried:has-text('0 alarms')")
    page.page.fill("[name=high]", "60")
    page.page.select_option("[name=severity]", "critical")
    page.page.click("main button:text-is('Save')")
    page.page.wait_for_selector("th:has-text('Oil too hot')")


def test_it_is_seen_in_all_pages_and_acknowledged_in_one(browser: Browser, shop: Plant) -> None:
    paths = ("/alarms", "/devices/press-3/", "/")
    pages = [looking_at(browser, shop, path) for path in paths]
    alarms, device, other = pages
    publish(shop, [("devices/press-3/telemetry", '{"oil": 71.5}')])
    wait_until(lambda: all(bell(page) == "1 alarm" for page in pages), "it is told everywhere", 20)
    assert other.page.get_attribute("#alarms-on", "data-level") == "red"
    alarms.page.wait_for_selector("#alarms [data-state=raised]:has-text('71.5')")
    device.page.wait_for_selector("#alarms-of [data-alarm-id]")
    assert device.page.locator("#alarm-spans [data-alarm=oil]").count() == 1

    alarms.page.check("#alarms input[name=alarm]")
    alarms.page.fill("[name=note]", "on my way")
    alarms.page.click("button:has-text('Acknowledge')")
    alarms.page.wait_for_selector("#alarms [data-state=acknowledged]")
    device.page.wait_for_selector("#alarms-of [data-state=acknowledged]")
    wait_until(
        lambda: other.page.get_attribute("#alarms-on", "data-quiet") == "true",
        "the others know that somebody cares",
        20,
    )

    publish(shop, [("devices/press-3/telemetry", '{"oil": 40}')])
    wait_until(lambda: all(bell(page) == "" for page in pages), "it is over everywhere", 20)
    alarms.page.wait_for_selector("#alarms .none")
