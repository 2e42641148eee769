"""Two people, two browsers, one device: notes and presence, with the web process killed between."""

import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish, whole_plant

pytestmark = [pytest.mark.services, pytest.mark.browser]
TEXTS = "() => [...document.querySelectorAll('#notes .note-text')].map((one) => one.textContent)"


@pytest.fixture(scope="module")
def shop() -> Iterator[Plant]:
    with whole_plant() as plant:
        plant.worker()
        plant.web()
        plant.add_user("anna")
        plant.add_user("ben")
        publish(plant, [("devices/press-3/telemetry", '{"oil": 61.5}')])
        wait_until(lambda: plant.count() == 1, "the reading")
        yield plant


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def at_the_press(browser: Browser, shop: Plant, user: str) -> Watched:
    page = Watched(browser, shop.base, viewport={"width": 1280, "height": 900})
    page.log_in(user)
    page.goto("/devices/press-3/")
    page.wait_live()
    return page


def write(page: Watched, text: str) -> None:
    page.page.fill("#note-text", text)
    page.page.click("#notes form button[type=submit]")


def texts(page: Watched) -> list[str]:
    found: list[str] = page.page.evaluate(TEXTS)
    return found


def here(page: Watched) -> str:
    return page.page.inner_text("#notes [data-here]")


def test_two_people_talk_about_what_they_see(browser: Browser, shop: Plant) -> None:
    anna, ben = (at_the_press(browser, shop, name) for name in ("anna", "ben"))
    wait_until(lambda: here(anna) == "Also here: ben", "anna sees ben", 20)
    wait_until(lambda: here(ben) == "Also here: anna", "ben sees anna", 20)
    write(anna, "<b>Oil</b> is low, @ben")
    wait_until(lambda: texts(ben) == ["<b>Oil</b> is low, @ben"], "ben reads it", 20)
    ben.page.wait_for_selector("#mentions:not([hidden])")
    assert ben.page.inner_text("#mentions span") == "1 note names you"
    ben.page.click("#notes button:text-is('Answer')")
    write(ben, "Filled up")
    wait_until(lambda: len(texts(anna)) == 2, "anna reads the answer", 20)
    assert anna.page.locator("#notes li li .note-text").inner_text() == "Filled up"

    # What a chart shows, as a note: the chart then shows the note.
    anna.page.click("figure[data-metric=oil] .menu > button")
    anna.page.click("[data-does=note]")
    write(anna, "Since then")
    wait_until(lambda: "Since then" in texts(ben), "ben reads about the chart", 20)
    span = ben.page.locator("#notes .note-entry:has-text('Since then') a")
    assert "oil" in span.inner_text()
    assert "#metric-oil" in str(span.get_attribute("href"))

    shop.webs[-1].stop(signal.SIGKILL)
    anna.wait_not_live()
    write(anna, "While it is away")
    anna.page.wait_for_selector("#notes [role=status]:has-text('Not saved')")
    assert anna.page.input_value("#note-text") == "While it is away"
    shop.web()
    for page in (anna, ben):
        page.wait_live(40)
    anna.page.click("#notes form button[type=submit]")
    stored = ["<b>Oil</b> is low, @ben", "Filled up", "Since then", "While it is away"]
    for page in (anna, ben):
        wait_until(lambda page=page: sorted(texts(page)) == sorted(stored), "all of it", 30)  # type: ignore[misc]
    rows = shop.sql("SELECT text FROM dashboards_note ORDER BY seq")
    assert [text for (text,) in rows] == stored

    anna.page.once("dialog", lambda dialog: dialog.accept())
    anna.page.locator("#notes .note-entry:has-text('Since then') >> text=Take away").click()
    wait_until(lambda: "Taken away by anna" in texts(ben), "ben sees that it went", 20)
    ben.context.close()
    wait_until(lambda: here(anna) == "", "ben has left", 30)
    assert anna.foreign == []
    anna.context.close()
