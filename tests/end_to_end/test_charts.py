"""Charts pan and zoom; chart, table and API tell the same."""

import json
import time
import urllib.parse
import urllib.request
from typing import Any

import pytest

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.browser]
DAY = 86_400_000
FIGURE = "figure[data-metric=t]"
PLOT, ROWS = f"{FIGURE} .plot", f"{FIGURE} details tbody tr"


def span_of(page: Watched) -> tuple[int, int]:
    query = urllib.parse.parse_qs(urllib.parse.urlparse(page.page.url).query)
    return int(query["from"][0]), int(query["to"][0])


def settled(page: Watched) -> None:
    page.page.wait_for_timeout(50)  # the words come with the gesture's own event
    page.wait("document.getElementById('span-words').textContent === ''", seconds=20)


def stored(plant: Plant, token: str, span: tuple[int, int]) -> dict[str, Any]:
    query = urllib.parse.urlencode({"from": span[0], "to": span[1], "points": 600})
    request = urllib.request.Request(
        f"{plant.base}/api/v1/devices/press-3/readings?metric=t&{query}",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer)["series"][0])


def test_zooming_from_a_month_to_single_readings(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    token = plant.token()
    now = int(time.time() * 1_000)
    points = [{"ts": now - 60 * DAY + n * 600_000, "t": n % 144} for n in range(60 * 144)]
    batches = [points[n : n + 200] for n in range(0, len(points), 200)]
    publish(plant, [("devices/press-3/telemetry", json.dumps(batch)) for batch in batches])
    wait_until(lambda: plant.count() == len(points), "every reading", 60)
    with chromium() as browser:
        page = Watched(browser, plant.base)
        page.log_in()
        page.goto("/devices/press-3/?range=30d")
        page.wait_live()
        page.page.click(f"{FIGURE} summary")
        page.wait(f"document.querySelectorAll('{ROWS}').length > 50")

        page.page.focus(PLOT)
        for key in ["+"] * 4 + ["ArrowLeft"]:
            page.page.keyboard.press(key)
        settled(page)
        span = span_of(page)
        assert span[1] - span[0] < 7 * DAY
        told = stored(plant, token, span)
        assert 0 < len(told["ts"]) <= 600
        page.wait(f"document.querySelectorAll('{ROWS}').length === {min(200, len(told['ts']))}")

        page.page.click("[data-typed-span] > button")
        for _ in range(5):
            page.page.click("[data-span=closer]")
        page.page.keyboard.press("Escape")
        settled(page)
        told = stored(plant, token, span_of(page))
        assert told["resolution_s"] == 0
        page.wait(f"document.querySelectorAll('{ROWS}').length === {len(told['ts'])}")
        cells = page.page.evaluate(
            f"[...document.querySelectorAll('{ROWS} td:nth-child(2)')].map((c) => c.textContent)"
        )
        assert [float(cell) for cell in cells] == list(reversed(told["value"]))

        # The address keeps the span: it survives a reload and can be sent to somebody.
        before = span_of(page)
        page.page.reload()
        page.wait_live()
        settled(page)
        assert span_of(page) == before

        box = page.page.locator(f"{PLOT} .u-over").bounding_box()
        assert box is not None
        page.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
        page.page.mouse.down()
        page.page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20, steps=4)
        page.page.mouse.up()
        settled(page)
        length = before[1] - before[0]
        assert (span_of(page)[1] - span_of(page)[0]) == pytest.approx(length / 2, rel=0.1)
        page.shot("zoomed")

        page.page.click("#back-to-live")
        page.wait("!location.search.includes('from=')")
        publish(plant, [("devices/press-3/telemetry", '{"t": 77}')])
        page.wait(f"document.querySelector('{FIGURE} [data-cell=value]').textContent === '77'")
        assert page.problems == []


def test_what_is_off_screen_is_printed_and_nothing_is_asked_for_twice(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    now = int(time.time() * 1_000)
    for back in (60_000, 30_000, 0):
        values = {f"m{n:02}": n + back for n in range(45)}
        publish(plant, [("devices/press-3/telemetry", json.dumps({"ts": now - back, **values}))])
    wait_until(lambda: plant.count() == 135, "every reading")
    with chromium() as browser:
        page = Watched(browser, plant.base)
        page.log_in()
        page.goto("/devices/press-3/?range=5m")
        page.wait_live()
        assert "Metrics 1 to 40 of 45" in page.page.inner_text("nav.pages")
        drawn = "[...document.querySelectorAll('.plot canvas')].length"
        page.wait(f"{drawn} > 0")
        # As Chromium does before it takes the page; its own PDF cannot be looked into here.
        page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.page.evaluate(drawn) == 40
        told = "[...document.querySelectorAll('.plot .empty')].filter((e) => e.textContent).length"
        assert page.page.evaluate(told) == 0
        # Static files are not asked for again.
        transferred = (
            "performance.getEntriesByType('resource')"
            ".filter((e) => e.name.includes('/static/') && e.transferSize > 0).length"
        )
        page.goto("/devices/press-3/?page=2")
        page.wait_live()
        assert "Metrics 41 to 45 of 45" in page.page.inner_text("nav.pages")
        assert page.page.evaluate(transferred) == 0
        assert page.problems == []


def test_what_a_chart_shows_is_summed_up_and_saved(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    now = int(time.time() * 1_000)
    points = [{"ts": now - (10 - n) * 60_000, "t": n, "on": n > 4} for n in range(10)]
    publish(plant, [("devices/press-3/telemetry", json.dumps(points))])
    wait_until(lambda: plant.count() == 20, "the readings", 30)
    with chromium() as browser:
        page = Watched(browser, plant.base)
        page.log_in()
        page.goto("/devices/press-3/")
        page.wait_live()
        seen = f"document.querySelector('{FIGURE} .seen').textContent"
        page.wait(f"{seen} === 'min 0mean 4.5max 9last 9change +9'")
        page.wait(
            "document.querySelector('figure[data-metric=on] .seen').textContent.includes('%')"
        )
        assert page.page.locator(f"{PLOT}.skeleton").count() == 0
        menu = page.page.locator(f"{FIGURE} .menu")
        menu.locator("> button").click()
        with page.page.expect_download() as download:
            menu.get_by_text("as CSV").click()
        lines = download.value.path().read_text().splitlines()
        assert lines[0] == "time,press-3/t"
        assert [line.partition(",")[2] for line in lines[1:]] == [str(n) for n in range(10)]
        assert menu.locator("> div").is_hidden()
        menu.locator("> button").click()
        menu.get_by_text("Logarithmic").click()
        assert menu.get_by_text("Logarithmic").get_attribute("aria-pressed") == "true"
        menu.get_by_text("Logarithmic").click()
        menu.get_by_text("Keep this axis").click()
        assert menu.get_by_text("Keep this axis").get_attribute("aria-pressed") == "true"
        page.page.keyboard.press("Escape")
        assert menu.locator("> div").is_hidden()
        with page.page.expect_download() as download:
            menu.locator("> button").click()
            menu.get_by_text("as PNG").click()
        assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_the_whole_history_is_below_and_a_span_is_typed_dragged_or_paused(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    now = int(time.time() * 1_000)
    states = ("idle", "running", "running", "fault")
    points = [
        {"ts": now - (240 - n) * 3_600_000, "t": n % 7, "mode": states[n % 4]} for n in range(241)
    ]
    publish(plant, [("devices/press-3/telemetry", json.dumps(points))])
    wait_until(lambda: plant.count() == 482, "the readings", 30)
    with chromium() as browser:
        page = Watched(browser, plant.base, timezone_id="UTC")
        page.log_in()
        page.goto("/devices/press-3/?range=24h")
        page.wait_live()
        # Of a text: how much of the time it was in which state.
        told = "document.querySelector('figure[data-metric=mode] .seen').textContent"
        page.wait(f"{told}.includes('running') && {told}.includes('%')")
        page.wait("document.querySelector('#strip path').getAttribute('d') !== null")
        window = page.page.locator("#strip .window").bounding_box()
        strip = page.page.locator("#strip").bounding_box()
        assert window is not None
        assert strip is not None
        assert window["width"] == pytest.approx(strip["width"] / 10, rel=0.15)

        # Dragged to the middle of the ten days.
        page.page.mouse.move(window["x"] + window["width"] / 2, window["y"] + 20)
        page.page.mouse.down()
        page.page.mouse.move(strip["x"] + strip["width"] / 2, window["y"] + 20, steps=5)
        page.page.mouse.up()
        settled(page)
        from_, to = span_of(page)
        assert to - from_ == pytest.approx(DAY, rel=0.02)
        assert (from_ + to) / 2 == pytest.approx(now - 5 * DAY, abs=DAY / 4)
        # And by keys, as a chart.
        page.page.focus("#strip")
        page.page.keyboard.press("ArrowLeft")
        settled(page)
        assert span_of(page)[0] == pytest.approx(from_ - DAY / 4, abs=60_000)
        page.page.keyboard.press("0")
        page.wait("!location.search.includes('from=')")

        day = time.strftime("%Y-%m-%d", time.gmtime((now - 3 * DAY) / 1_000))
        page.page.click("[data-typed-span] > button")
        fields = page.page.locator("[data-typed-span] input")
        fields.nth(0).fill(f"{day}T12:00:00")
        fields.nth(1).fill(f"{day}T06:00:00")
        page.page.click("[data-show]")
        assert page.page.locator("[data-typed-span] [role=alert]").is_visible()
        fields.nth(0).fill(f"{day}T00:00:00")
        page.page.click("[data-show]")
        settled(page)
        assert span_of(page)[1] - span_of(page)[0] == DAY / 4
        assert time.gmtime(span_of(page)[1] / 1_000).tm_hour == 6

        page.page.click("#back-to-live")
        page.page.click("[data-span=pause]")
        settled(page)
        assert span_of(page)[1] - span_of(page)[0] == pytest.approx(DAY, rel=0.01)
        assert page.page.locator("#back-to-live").is_visible()
        assert page.problems == []


def test_everything_is_found_by_keyboard_from_every_page(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    publish(plant, [("devices/press-3/telemetry", '{"oil": 1}')])
    wait_until(lambda: plant.count() == 1, "the reading", 30)
    with chromium() as browser:
        page = Watched(browser, plant.base)
        page.log_in()
        page.goto("/status")
        page.wait_live()
        page.page.keyboard.press("/")
        page.page.keyboard.type("press")
        page.wait("document.querySelector('#search-found [aria-selected=true]') !== null")
        page.wait("document.querySelector('#search-words').textContent === '1 found'")
        page.page.keyboard.press("Enter")
        page.page.wait_for_url("**/devices/press-3/")
        page.page.keyboard.press("Control+k")
        page.page.keyboard.type("connect")
        page.wait("document.querySelector('#search-found').textContent.includes('Connect')")
        page.page.keyboard.press("Escape")
        assert page.page.locator("#search").is_hidden()
