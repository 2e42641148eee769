"""Boards made by people in real Chromium: by mouse and keys, by two at once, with kill -9."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.dashboards.pictures.test_pictures import picture
from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish, whole_plant

pytestmark = [pytest.mark.services, pytest.mark.browser]
SAVED = "document.getElementById('saved').textContent"


@pytest.fixture(scope="module")
def shop() -> Iterator[Plant]:
    with whole_plant() as plant:
        plant.worker()
        plant.web()
        plant.add_user()
        plant.add_user("ben")
        publish(plant, [("devices/press-3/telemetry", '{"oil": 61.5, "rpm": 900, "on": true}')])
        wait_until(lambda: plant.count() == 3, "the readings")
        yield plant


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def editor(browser: Browser, plant: Plant, path: str, user: str = "admin") -> Watched:
    size = {"width": 1280, "height": 900}
    # Where things are, they are at once.
    page = Watched(browser, plant.base, viewport=size, reduced_motion="reduce")
    page.log_in(user)
    page.goto(path)
    return page


def new_board(page: Watched, title: str) -> None:
    page.goto("/boards/")
    page.page.fill("#made [name=title]", title)
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector("#kinds[open]")
    page.page.click("#kinds [data-cancel]")


def add(page: Watched, kind: str, key: str) -> None:
    page.page.click("[data-do=add]")
    page.page.click(f"#kinds button:text-is('{kind}')")
    page.page.fill("#options-fields [data-field^=key] input", key)
    count = page.page.locator("#grid .widget").count()
    page.page.click("#options button[value=take]")
    page.page.wait_for_selector(f"#grid .grid-stack-item:nth-of-type({count + 1})")


def saved(page: Watched, words: str = "Saved as a draft") -> None:
    page.wait(f"{SAVED} === {json.dumps(words)}", seconds=20)


def areas(page: Watched) -> dict[str, list[int]]:
    found: dict[str, list[int]] = page.page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('#grid .grid-stack-item')].map(
          (item) => [item.getAttribute('aria-label'), ['x', 'y', 'w', 'h'].map(
            (name) => item.gridstackNode[name])]))"""
    )
    return found


def stored(plant: Plant, slug: str) -> dict[str, Any]:
    ((draft,),) = plant.sql(f"SELECT draft FROM dashboards_board WHERE slug = '{slug}'")
    found: dict[str, Any] = draft if isinstance(draft, dict) else json.loads(draft)
    return found


def test_a_board_is_made_by_mouse_and_keys_and_published(browser: Browser, shop: Plant) -> None:
    page = editor(browser, shop, "/boards/")
    new_board(page, "Oil presses")
    # What the server finds is offered while one types.
    page.page.click("[data-do=add]")
    page.page.click("#kinds button:text-is('Lines')")
    page.page.fill("#options-fields [data-field=keys] input", "oil")
    page.page.wait_for_selector("#options datalist option", state="attached")
    assert page.page.eval_on_selector("#options datalist option", "(one) => one.value") == (
        "press-3/oil"
    )
    # A wrong metric is told beside its field, and the dialog stays.
    page.page.click("#options button[value=take]")
    page.page.wait_for_selector("[data-field=keys] [data-error]")
    page.page.fill("#options-fields [data-field=keys] input", "press-3/oil")
    page.page.wait_for_selector("#preview canvas")
    page.page.click("#options button[value=take]")
    add(page, "Value", "press-3/rpm")
    saved(page)
    before = areas(page)
    assert before == {"press-3 oil": [0, 0, 6, 5], "press-3 rpm": [6, 0, 3, 3]}

    item = page.page.locator("#grid [aria-label='press-3 rpm']")
    item.focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Shift+ArrowDown")
    assert areas(page)["press-3 rpm"] == [7, 0, 3, 4]
    page.page.keyboard.press("Control+z")
    page.page.keyboard.press("Control+z")
    page.wait("document.querySelector('[data-do=redo]').disabled === false")
    wait_until(lambda: areas(page) == before, "both undone")
    page.page.keyboard.press("Control+Shift+z")
    wait_until(lambda: areas(page)["press-3 rpm"][0] == 7, "one done again")

    box = item.locator("h2").bounding_box()
    assert box
    page.page.mouse.move(box["x"] + 10, box["y"] + 5)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 250, box["y"] + 5, steps=12)
    page.page.mouse.up()
    wait_until(lambda: areas(page)["press-3 rpm"][0] == 9, "dragged to the right")
    saved(page)
    places = {one["kind"]: one["x"] for one in stored(shop, "oil-presses")["widgets"]}
    assert places == {"lines": 0, "value": 9}

    item.hover()
    item.locator("button:text-is('Remove')").click()
    assert list(areas(page)) == ["press-3 oil"]
    page.page.keyboard.press("Control+z")
    wait_until(lambda: len(areas(page)) == 2, "it is there again")
    page.page.click("[data-do=publish]")
    saved(page, "Published as revision 1")
    page.page.click("text=Close")
    page.page.wait_for_selector("section[data-widget=lines]")
    page.wait_live()
    publish(shop, [("devices/press-3/telemetry", '{"rpm": 901}')])
    page.wait("document.querySelector('[data-widget=value] b').textContent === '901'")
    widgets = "[...document.querySelectorAll('.widget')]"
    left = page.page.evaluate(f"{widgets}.map((one) => one.getBoundingClientRect().x)")
    assert left[1] > left[0] + 500
    assert page.problems == []
    assert page.foreign == []
    page.context.close()


def test_two_editors_and_a_killed_web_process_lose_nothing(browser: Browser, shop: Plant) -> None:
    anna = editor(browser, shop, "/boards/")
    new_board(anna, "Both")
    ben = editor(browser, shop, "/boards/both/edit", "ben")
    ben.page.wait_for_selector("#kinds[open]")
    ben.page.click("#kinds [data-cancel]")
    add(anna, "Value", "press-3/oil")
    add(ben, "Value", "press-3/rpm")
    for page in (anna, ben):
        wait_until(lambda page=page: len(areas(page)) == 2, "what both made is on both screens")  # type: ignore[misc]

    shop.webs[-1].stop(signal.SIGKILL)
    anna.page.click("#grid [aria-label='press-3 oil'] button:text-is('Remove')", force=True)
    saved(anna, "Not saved yet: the server does not answer")
    ben.page.locator("#grid [aria-label='press-3 rpm']").focus()
    ben.page.keyboard.press("Shift+ArrowDown")
    saved(ben, "Not saved yet: the server does not answer")
    shop.web()

    def settled() -> bool:
        widgets = stored(shop, "both")["widgets"]
        return [one["options"]["key"] for one in widgets] == ["press-3/rpm"] and (
            widgets[0]["h"] == 4
        )

    wait_until(settled, "what both did is stored", seconds=30)
    for page in (anna, ben):
        wait_until(lambda page=page: list(areas(page)) == ["press-3 rpm"], "both show it")  # type: ignore[misc]
        wait_until(lambda page=page: areas(page)["press-3 rpm"][3] == 4, "both show it")  # type: ignore[misc]
        page.context.close()


def test_who_wins_is_asked_where_both_changed_one_widget(browser: Browser, shop: Plant) -> None:
    anna = editor(browser, shop, "/boards/")
    new_board(anna, "One")
    add(anna, "Value", "press-3/oil")
    saved(anna)
    ben = editor(browser, shop, "/boards/one/edit", "ben")
    ben.page.wait_for_selector("#grid .grid-stack-item[aria-label]")
    # She does not hear of it before she changes the same.
    anna.page.route("**/draft", lambda to: to.continue_() if to.request.method == "PUT" else None)
    ben.page.locator("#grid .grid-stack-item").focus()
    ben.page.keyboard.press("Enter")
    ben.page.fill("[data-field=title] input", "Ben's")
    ben.page.click("#options button[value=take]")
    # What was saved before still stands there until it is looked at again.
    wait_until(lambda: title(shop) == "Ben's", "his is stored")
    anna.page.locator("#grid .grid-stack-item").focus()
    anna.page.keyboard.press("Enter")
    anna.page.fill("[data-field=title] input", "Anna's")
    anna.page.click("#options button[value=take]")
    anna.page.wait_for_selector("#editor-conflict:not([hidden])")
    assert "ben changed the same" in anna.page.inner_text("#editor-conflict")
    assert title(shop) == "Ben's"
    anna.page.click("[data-do=mine]")
    wait_until(lambda: title(shop) == "Anna's", "hers is stored")
    wait_until(lambda: list(areas(ben)) == ["Anna's"], "ben sees it")
    for page in (anna, ben):
        page.context.close()


def title(shop: Plant) -> str:
    return str(stored(shop, "one")["widgets"][0]["options"].get("title", ""))


def test_a_plan_with_a_picture_and_a_pin_that_is_dragged(browser: Browser, shop: Plant) -> None:
    page = editor(browser, shop, "/boards/")
    new_board(page, "Plan")
    page.page.click("[data-do=add]")
    page.page.click("#kinds button:text-is('Plan with values on it')")
    choose = "#options-fields [data-field=picture] input[type=file]"
    page.page.set_input_files(choose, {"name": "a.png", "mimeType": "image/png", "buffer": b"x"})
    page.page.wait_for_selector("[data-field=picture] small:has-text('no picture')")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": picture("PNG", (400, 200))}
    page.page.set_input_files(choose, file)
    page.page.click("#options-fields [data-field=pins] button:text-is('One more')")
    page.page.fill("#options-fields [data-part=key] input", "press-3/oil")
    pin = page.page.locator("#preview .pins li:has([data-key='press-3/oil'])")
    pin.wait_for()
    plan = page.page.locator("#preview .plan").bounding_box()
    box = pin.bounding_box()
    assert plan
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.page.mouse.move(*middle)
    page.page.mouse.down()
    page.page.mouse.move(middle[0] - plan["width"] / 4, middle[1], steps=5)
    page.page.mouse.up()
    across = page.page.locator("#options-fields [data-part=x] input")
    wait_until(lambda: abs(float(across.input_value()) - 0.25) < 0.02, "it is where it was dragged")
    page.page.locator("#preview .pins li").focus()
    page.page.keyboard.press("ArrowDown")
    above = page.page.locator("#options-fields [data-part=y] input")
    wait_until(lambda: above.input_value() == "0.51", "it is moved by a key, too")
    page.page.click("#options button[value=take]")
    wait_until(lambda: len(stored(shop, "plan").get("widgets", [])) == 1, "it is kept", 20)
    (widget,) = stored(shop, "plan")["widgets"]
    assert widget["options"]["pins"][0]["key"] == "press-3/oil"
    # What was refused is told by the browser, too.
    assert [one for one in page.problems if "422" not in one] == []
    assert page.foreign == []
    page.context.close()
