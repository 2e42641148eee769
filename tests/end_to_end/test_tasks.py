"""What people come for, in as few steps as may be: a step is a click, a key, or a text typed.

Somebody at home, an operator with a phone, an engineer at a desk; each was just logged in.
"""

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish, whole_plant

pytestmark = [pytest.mark.services, pytest.mark.browser]
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
DAY_MS = 86_400_000
SITES = """
from devices.models import Device, Site
from devices import registry
site = Site.objects.create(slug="hall", name="Hall")
Device.objects.filter(key__startswith="press").update(site=site, device_type="press")
Device.objects.create(key="valve-1", pending=True)
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Plant]:
    with whole_plant() as plant:
        plant.worker()
        plant.web()
        plant.add_user()
        now = round(time.time() * 1_000)
        packets = [
            (f"devices/press-{press}/telemetry", json.dumps({"ts": ts, "oil": 60 + hour % 5}))
            for press in (1, 2)
            for hour in range(72)
            for ts in [now - hour * DAY_MS // 24]
        ]
        # The highest of yesterday, by a clock of UTC.
        noon = now // DAY_MS * DAY_MS - DAY_MS // 2
        packets.append(("devices/press-1/telemetry", json.dumps({"ts": noon, "oil": 91.25})))
        publish(plant, [*packets, ("devices/press-2/status", "offline")])
        wait_until(lambda: plant.count() == 145, "the readings")
        plant.manage("shell", "-v", "0", "-c", SITES)
        yield plant


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


class Person:
    """Somebody who was just logged in, and whose steps are counted."""

    def __init__(self, browser: Browser, shop: Plant, size: dict[str, int]) -> None:
        options = {"viewport": size, "timezone_id": "UTC", "reduced_motion": "reduce"}
        self.watched = Watched(browser, shop.base, **options)
        self.watched.log_in()
        self.watched.wait_live()
        self.page = self.watched.page
        self.steps = 0

    def click(self, selector: str) -> None:
        self.steps += 1
        self.page.click(selector)

    def choose(self, selector: str, label: str) -> None:
        self.steps += 1
        self.page.select_option(selector, label=label)

    def type(self, text: str) -> None:
        """Type where the cursor is."""
        self.steps += 1
        self.page.keyboard.type(text)

    def press(self, key: str) -> None:
        self.steps += 1
        self.page.keyboard.press(key)

    def sees(self, words: str, where: str = "main") -> None:
        page = self.page
        wait_until(lambda: words in page.inner_text(where), f"{words!r} in {where}", 20)

    def leave(self, most: int) -> None:
        assert self.steps <= most
        assert self.watched.problems == []
        self.watched.context.close()


@pytest.fixture(params=["desk", "phone"])
def person(request: pytest.FixtureRequest, browser: Browser, shop: Plant) -> Person:
    return Person(browser, shop, DESK if request.param == "desk" else PHONE)


def test_yesterdays_highest_value_of_a_metric(person: Person) -> None:
    person.click("tr[data-device=press-1] th a")
    person.click("button[data-span=yesterday]")
    person.sees("max 91.25", "figure[data-metric=oil]")
    person.leave(3)


def test_two_devices_over_a_week(person: Person) -> None:
    person.click("nav:visible >> text=Boards")
    person.click("main >> text=press >> nth=0")
    person.click("nav.ranges >> text=7 days")
    person.page.wait_for_selector("section[data-widget=lines] canvas")
    person.sees("press-1", "section[data-widget=lines] .legend")
    person.sees("press-2", "section[data-widget=lines] .legend")
    person.leave(6)


def test_a_device_is_accepted_named_and_put_into_a_site(browser: Browser, shop: Plant) -> None:
    person = Person(browser, shop, DESK)
    person.click("a[href='/pending']:visible >> nth=0")
    person.click("[name='name:valve-1']")
    person.type("Main valve")
    person.choose("[name='site:valve-1']", "Hall")
    person.click("button:text-matches('accept', 'i')")
    person.sees("accepted")
    joined = "devices_device d JOIN devices_site s ON s.id = site_id"
    rows = shop.sql(f"SELECT d.name, d.pending, s.slug FROM {joined}")
    assert ("Main valve", False, "hall") in rows
    person.leave(6)


def test_a_board_of_three_widgets_from_nothing_then_last_night_and_shared(
    browser: Browser, shop: Plant
) -> None:
    person = Person(browser, shop, DESK)
    person.click("nav:visible >> text=Boards")
    person.click("#made [name=title]")
    person.type("Presses")
    person.press("Enter")
    for number, words in enumerate(("press-1 oil", "press-2 oil", "press-1 oil")):
        if number:
            person.press("a")
        person.page.wait_for_selector("#kinds[open]")
        person.type(words)
        person.press("Enter")
        person.page.wait_for_selector(f"#grid .grid-stack-item >> nth={number}")
        person.page.wait_for_selector("#kinds", state="hidden")
    wait_until(lambda: len(widgets(shop)) == 3, "three widgets are kept", 20)
    assert person.steps <= 12

    person.steps = 0
    person.click("[data-do=publish]")
    person.page.wait_for_selector("#saved:has-text('Published as revision 1')")
    person.click("text=Close")
    person.click("a:has-text('Settings'):visible >> nth=-1")
    person.choose("[name=shared]", "everybody who is logged in")
    person.click("main form button:text-is('Save')")
    person.sees("Saved.")
    # Publishing is the editor's; sharing begins at the board.
    assert person.steps - 2 <= 4

    person.steps = 0
    person.watched.goto("/boards/presses/")
    person.click("main >> text=Share")
    person.click("button:has-text('Make a link')")
    person.page.wait_for_selector(".shared-link input[readonly]")
    link = person.page.input_value(".shared-link input[readonly]")
    assert person.steps <= 4
    stranger = Watched(browser, shop.base)
    stranger.page.goto(link)
    stranger.page.wait_for_selector("[data-widget] >> nth=2")
    assert stranger.problems == []
    stranger.context.close()

    person.steps = 0
    person.watched.goto("/")
    person.click("nav:visible >> text=Boards")
    person.click("main >> text=Presses")
    person.click("#travel-opener")
    night = time.strftime("%Y-%m-%dT03:00:00", time.gmtime())
    person.page.fill("#travel input[type=datetime-local]", night)
    person.page.dispatch_event("#travel input[type=datetime-local]", "change")
    person.steps += 1
    person.sees("03:00:00", "#span-shown")
    person.leave(4)


def widgets(shop: Plant) -> list[object]:
    ((draft,),) = shop.sql("SELECT draft FROM dashboards_board WHERE slug = 'presses'")
    found = draft if isinstance(draft, dict) else json.loads(draft)
    return list(found["widgets"])


def test_what_happened_is_noted_on_a_chart(person: Person) -> None:
    person.watched.goto("/devices/press-1/")
    person.watched.wait_live()
    person.click("figure[data-metric=oil] .menu > button")
    person.click("figure[data-metric=oil] [data-does=note]")
    person.type("Oil filter changed")
    person.press("Control+Enter")
    person.sees("Oil filter changed", "#notes ol")
    person.leave(4)


class AtKeys:
    """Somebody without a mouse: what has the focus is reached by Tab."""

    def __init__(self, person: Person) -> None:
        self.person, self.page = person, person.page

    def find(self, words: str, shows: str) -> None:
        """Go to a page by the search."""
        self.page.keyboard.press("/")
        self.page.wait_for_selector("#search[open]")
        self.page.keyboard.type(words)
        self.page.wait_for_selector("#search-found [aria-selected=true]")
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(shows)

    def reach(self, selector: str, key: str = "Tab", most: int = 80) -> None:
        for _tab in range(most):
            if self.page.evaluate(f"document.activeElement?.matches({json.dumps(selector)})"):
                # Where one is, is seen.
                style = "getComputedStyle(document.activeElement)"
                assert self.page.evaluate(f"{style}.outlineStyle !== 'none' || {style}.boxShadow")
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{selector} is not reached by {key}")

    def press(self, selector: str, key: str = "Enter") -> None:
        self.reach(selector)
        self.page.keyboard.press(key)


def test_the_tasks_are_done_without_a_mouse(browser: Browser, shop: Plant) -> None:
    person = Person(browser, shop, DESK)
    keys, page = AtKeys(person), person.page
    keys.find("press-1", "figure[data-metric=oil] canvas")
    keys.press("button[data-span=yesterday]")
    person.sees("max 91.25", "figure[data-metric=oil]")
    keys.press("#back-to-live")
    keys.press("#compare", "ArrowDown")
    keys.reach("figure[data-metric=oil] .menu > button")
    page.keyboard.press("Enter")
    keys.press("figure[data-metric=oil] [data-does=note]")
    page.keyboard.type("Seen at keys")
    page.keyboard.press("Control+Enter")
    person.sees("Seen at keys", "#notes ol")

    shop.manage("shell", "-v", "0", "-c", "from devices.models import Device; "
                "Device.objects.create(key='valve-2', pending=True)")  # fmt: skip
    person.watched.goto("/")
    keys.press("a[href='/pending']")
    page.wait_for_selector("[name='name:valve-2']")
    keys.reach("[name='name:valve-2']")
    page.keyboard.type("Second valve")
    keys.reach("[name='site:valve-2']")
    page.keyboard.type("Hall")
    keys.press("main button[type=submit]:not([name=reject])")
    person.sees("accepted")

    person.watched.goto("/boards/")
    keys.reach("#made [name=title]")
    page.keyboard.type("At keys")
    page.keyboard.press("Enter")
    page.wait_for_selector("#kinds[open]")
    page.keyboard.type("press-1 oil")
    page.keyboard.press("Enter")
    page.wait_for_selector("#grid .grid-stack-item >> nth=0")
    page.wait_for_selector("#kinds", state="hidden")
    page.keyboard.press("ArrowRight")
    keys.reach("[data-do=publish]", "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#saved:has-text('Published as revision 1')")
    person.watched.goto("/boards/at-keys/")
    keys.press("a[href$='/share']")
    page.wait_for_selector("main form button")
    keys.press("main form button[type=submit]")
    page.wait_for_selector(".shared-link input[readonly]")
    person.watched.goto("/boards/at-keys/")
    person.watched.wait_live()
    keys.press("#travel-opener")
    keys.press("#travel input[type=range]", "ArrowLeft")
    person.sees(" to ", "#span-shown")

    person.watched.goto("/devices/press-2/")
    keys.press("#offline summary")
    person.sees("to now", "#offline")
    assert person.watched.problems == []
    person.watched.context.close()


def test_why_a_device_is_silent(person: Person) -> None:
    person.click("tr[data-device=press-2] th a")
    person.sees("offline", ".facts")
    person.page.wait_for_selector("#since:visible")
    person.click("#offline summary")
    person.sees("to now", "#offline")
    person.leave(3)
