"""Boards in real Chromium: what the built-in widgets show, and one that somebody added."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Watched, chromium
from tests.support.services import ROOT, wait_until
from tests.support.stack import Plant, publish, whole_plant

pytestmark = [pytest.mark.services, pytest.mark.browser]
HOWTO = ROOT / "docs" / "howto" / "add-a-widget.md"
BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES = "section[data-widget=lines]"
# Whether something was drawn on a canvas.
DRAWN = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((byte) => byte !== 0);
}"""
HIDDEN_SHARE = "(arc) => Number((arc.getAttribute('stroke-dasharray') ?? '').split(' ')[0])"


def written(folder: Path) -> None:
    """Write the files of the how-to, as it says."""
    files = dict(BLOCK.findall(HOWTO.read_text()))
    assert len(files) == 4
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "myplant" / "__init__.py").touch()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """Worker and web process with the app of the how-to, and some devices."""
    with whole_plant() as plant:
        folder = tmp_path_factory.mktemp("apps")
        written(folder)
        plant.env |= {"EXTRA_APPS": "myplant", "PYTHONPATH": str(folder)}
        plant.worker()
        plant.web()
        plant.add_user()
        now = round(time.time() * 1_000)
        packets = [
            (f"devices/{device}/telemetry", json.dumps({"ts": now - n * 1_000, **values}))
            for n in range(30, 0, -1)
            for device, values in (
                (
                    "left",
                    {"temperature": 20 + n % 3, "open": n > 15, "humidity": 40, "battery": 90},
                ),
                ("right", {"temperature": 25, "open": n % 10 < 5}),
                ("mast", {"wind.direction": 90, "wind.speed": 3.5}),
            )
        ]
        publish(plant, packets)
        wait_until(lambda: plant.count() == 30 * 8, "all readings")
        yield plant


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def opened(browser: Browser, plant: Plant, path: str) -> Watched:
    page = Watched(browser, plant.base, viewport={"width": 1440, "height": 1800})
    page.log_in()
    page.goto(path)
    page.wait_live()
    return page


def test_a_board_draws_every_widget_and_follows_the_readings(shop: Plant, browser: Browser) -> None:
    page = opened(browser, shop, "/boards/without-site/")
    for name in ("lines", "timeline"):
        canvas = page.page.wait_for_selector(f"section[data-widget={name}] canvas")
        page.wait_for(canvas, DRAWN)
    arc = page.page.wait_for_selector("section[data-widget=gauge] .arc")
    page.wait_for(arc, f"(arc) => ({HIDDEN_SHARE})(arc) === 40")
    page.wait("document.querySelector('.spark path').getAttribute('d').startsWith('M')")
    page.page.evaluate(
        "() => { window.removed = 0; document.querySelectorAll('.widget').forEach((n) => "
        "new MutationObserver((found) => found.forEach((r) => { window.removed += "
        "[...r.removedNodes].filter((x) => x.nodeType === 1).length; }))"
        ".observe(n, { childList: true, subtree: true })); }"
    )
    publish(shop, [("devices/left/telemetry", '{"humidity": 75, "temperature": 31.5}')])
    page.wait_for(arc, f"(arc) => ({HIDDEN_SHARE})(arc) === 75")
    meter = page.page.locator("section[data-widget=gauge] [role=meter]")
    assert meter.get_attribute("aria-valuetext") == "75"
    cells = "[...document.querySelectorAll('.value[data-key=\"left/temperature\"] b')]"
    page.wait(f"{cells}.length === 2 && {cells}.every((b) => b.textContent === '31.5')")
    publish(shop, [("devices/left/status", "offline")])
    states = "[...document.querySelectorAll('tr[data-device=left]')].map((r) => r.dataset.state)"
    page.wait(f"{states}.length === 2 && {states}.every((state) => state === 'offline')")
    publish(shop, [("devices/left/telemetry", '{"humidity": 75}')])
    page.wait(f"{states}.every((state) => state === 'online')")
    assert page.page.evaluate("window.removed") == 0
    assert page.problems == []
    assert page.foreign == []
    page.shot("board")
    page.context.close()


def test_a_number_of_ten_digits_stays_on_one_line(shop: Plant, browser: Browser) -> None:
    page = opened(browser, shop, "/boards/without-site/")
    publish(shop, [("devices/left/telemetry", '{"humidity": 71.2345678}')])
    number = "document.querySelector('section[data-widget=gauge] .value b')"
    page.wait(f"{number}.textContent === '71.2345678'")
    for width in (1440, 1280, 360):
        page.page.set_viewport_size({"width": width, "height": 900})
        assert page.page.evaluate(f"{number}.getClientRects().length") == 1, width
    page.context.close()


def test_lines_can_be_hidden_and_the_table_has_the_same_values(
    shop: Plant, browser: Browser
) -> None:
    page = opened(browser, shop, "/boards/without-site/")
    page.page.click(f"{LINES} .legend li:first-child button:enabled")
    first = page.page.locator(f"{LINES} .legend button").first
    assert first.get_attribute("aria-pressed") == "false"
    page.page.click(f"{LINES} summary")
    rows = f"document.querySelectorAll('{LINES} tbody tr').length"
    page.wait(f"{rows} >= 30")
    head = page.page.inner_text(f"{LINES} thead")
    assert head.split() == ["Time", "left", "right"]
    page.context.close()


def test_all_charts_of_a_board_show_the_stretch_that_was_chosen(
    shop: Plant, browser: Browser
) -> None:
    page = opened(browser, shop, "/boards/without-site/")
    plot = page.page.wait_for_selector(f"{LINES} .u-over")
    assert plot is not None
    page.page.focus(f"{LINES} .plot")
    page.page.keyboard.press("+")
    page.page.wait_for_selector("#back-to-live:not([hidden])")
    assert "from=" in page.page.url
    with page.page.expect_response(lambda answer: "/api/v1/readings" in answer.url) as read:
        page.page.reload()
    assert read.value.ok
    page.page.wait_for_selector("#back-to-live:not([hidden])")
    page.wait("document.getElementById('span-words').textContent === ''")
    page.page.focus(f"{LINES} .plot")
    page.page.keyboard.press("0")
    page.page.wait_for_selector("#back-to-live", state="hidden")
    assert "from=" not in page.page.url
    page.context.close()


def test_a_widget_of_another_app_is_on_boards_and_pages(shop: Plant, browser: Browser) -> None:
    """Every step of docs/howto/add-a-widget.md."""
    for path, turned in (("/boards/without-site/", 90), ("/x/wind/", 80)):
        page = opened(browser, shop, path)
        needle = page.page.wait_for_selector("section[data-widget=compass] .needle")
        page.wait_for(needle, f"(needle) => needle.style.transform === 'rotate({turned}deg)'")
        assert "90" in page.page.inner_text("section[data-widget=compass]")
        publish(shop, [("devices/mast/telemetry", '{"wind.direction": 180}')])
        page.wait_for(needle, f"(n) => n.style.transform === 'rotate({turned + 90}deg)'")
        assert page.problems == []
        page.shot(f"compass{path.replace('/', '-')}")
        publish(shop, [("devices/mast/telemetry", '{"wind.direction": 90}')])
        page.wait_for(needle, f"(n) => n.style.transform === 'rotate({turned}deg)'")
        page.context.close()


def test_widgets_that_leave_the_page_are_let_go(shop: Plant, browser: Browser) -> None:
    page = opened(browser, shop, "/boards/without-site/")
    page.page.wait_for_selector(f"{LINES} canvas")
    # uPlot is destroyed: its canvas leaves the element that was taken off.
    page.page.evaluate(
        f"() => {{ window.gone = document.querySelector('{LINES}'); window.gone.remove(); }}"
    )
    page.wait("window.gone.querySelector('canvas') === null")
    assert page.problems == []
    page.context.close()


def test_one_widget_that_fails_does_not_stop_the_others(shop: Plant, browser: Browser) -> None:
    page = Watched(browser, shop.base)
    page.log_in()
    broken = "export const mount = () => ({ draw() { throw new Error('no needle'); } });"
    page.page.route(
        "**/myplant/compass.js",
        lambda route: route.fulfill(body=broken, content_type="text/javascript"),
    )
    page.goto("/boards/without-site/")
    page.page.wait_for_selector("section[data-widget=compass] [data-problem]:not([hidden])")
    assert "no needle" in page.page.inner_text("section[data-widget=compass] [data-problem]")
    publish(shop, [("devices/left/telemetry", '{"humidity": 12}')])
    arc = page.page.wait_for_selector("section[data-widget=gauge] .arc")
    page.wait_for(arc, f"(arc) => ({HIDDEN_SHARE})(arc) === 12")
    page.context.close()


def test_a_widget_whose_module_is_missing_says_so(shop: Plant, browser: Browser) -> None:
    page = Watched(browser, shop.base)
    page.log_in()
    page.page.route("**/myplant/compass.js", lambda route: route.fulfill(status=404))
    page.goto("/boards/without-site/")
    note = page.page.wait_for_selector("section[data-widget=compass] [data-problem]:not([hidden])")
    assert note is not None
    assert "cannot be shown" in note.inner_text()
    assert "90" in page.page.inner_text("section[data-widget=compass] .value")
    page.context.close()


def test_what_is_deleted_leaves_an_open_board(shop: Plant, browser: Browser) -> None:
    publish(shop, [("devices/doomed/telemetry", '{"speed": 5}')])
    known = "SELECT count(*) FROM devices_device WHERE key = 'doomed'"
    wait_until(lambda: shop.sql(known)[0][0] == 1, "the device")
    page = opened(browser, shop, "/boards/without-site/")
    cell = "document.querySelector('.value[data-key=\"doomed/speed\"]')"
    page.wait(f"{cell}.querySelector('b').textContent === '5'")
    page.page.wait_for_timeout(500)
    assert page.page.is_hidden("#board-news")
    code = "from devices.models import Device; from devices import registry; "
    shop.manage(
        "shell", "-v", "0", "-c", code + "registry.delete(Device.objects.filter(key='doomed'))"
    )
    page.wait(f"{cell}.querySelector('b').textContent === 'no data yet'", 20)
    assert page.page.evaluate(f"{cell}.dataset.ts") is None
    page.page.wait_for_selector("#board-news:not([hidden])")
    page.context.close()


def test_a_board_at_a_moment_shows_what_was_stored_then(shop: Plant, browser: Browser) -> None:
    rows = shop.sql(
        "SELECT r.ts / 1000, r.value FROM devices_reading r "
        "JOIN devices_series s ON s.id = series_id JOIN devices_device d ON d.id = device_id "
        "WHERE d.key = 'left' AND metric = 'temperature' ORDER BY r.ts"
    )
    page = Watched(browser, shop.base)
    page.log_in()
    shown = "document.querySelector(\".value[data-key='left/temperature'] b\").textContent"
    for place in (0, 12, 20):
        at = rows[place][0] + 400
        page.goto(f"/boards/without-site/?from={at - 60_000}&to={at}")
        page.wait(f"Number({shown}) === {rows[place][1]}")
    # Before the first reading there was none.
    page.goto(f"/boards/without-site/?from={rows[0][0] - 60_000}&to={rows[0][0] - 1_000}")
    page.wait(f"{shown} === 'no data yet'")
    page.page.click("#back-to-live")
    page.wait(f"{shown} === '{rows[-1][1]:g}'")
    assert page.problems == []
    page.context.close()
