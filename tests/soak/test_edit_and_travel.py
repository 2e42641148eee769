"""A board that is edited for hours, and one that is played back: neither grows.

SOAK_SECONDS (`make soak`) says how long; three minutes without it.
"""

import json
import time
from collections.abc import Callable

import pytest

from tests.soak.test_open_board import (
    EVERY,
    SECONDS,
    WARM_UP,
    Gauge,
    packets,
    shop,
    streaming,
)
from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.browser, pytest.mark.timeout(SECONDS + 600)]
__all__ = ["shop"]
MADE = """
from django.contrib.auth import get_user_model
from dashboards.boards import store
area = {"y": 0, "w": 4, "h": 4}
widgets = [{"id": f"w{n}", "kind": "lines", "x": 4 * n, **area, "options": {"keys": [f"left/m{n}"]}}
           for n in range(3)]
store.make(get_user_model().objects.get(), "Oil", {"widgets": widgets}, "oil")
"""
WIDGETS = "#grid .grid-stack-item"


def stays_flat(page: Watched, again: Callable[[], None]) -> None:
    """Do something again and again, and look that the page keeps nothing of it."""
    gauge = Gauge(page)
    until = time.monotonic() + WARM_UP
    while time.monotonic() < until:
        again()
    first = last = gauge.read()
    until, rounds = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        again()
        rounds += 1
    last = gauge.read()
    print(json.dumps({"seconds": SECONDS, "rounds": rounds, "first": first, "last": last}))
    assert rounds > 5
    assert last["heap"] < 1.15 * first["heap"], (first, last)
    assert last["nodes"] <= first["nodes"] + 60, (first, last)
    assert last["listeners"] <= first["listeners"] + 20, (first, last)


def test_a_board_is_edited_on_and_on(shop: Plant) -> None:
    publish(shop, packets(round(time.time() * 1_000) - 20_000, 20))
    wait_until(lambda: shop.count("devices_latest") == 18, "all series", 60)
    shop.manage("shell", "-v", "0", "-c", MADE)
    with chromium() as browser:
        page = Watched(browser, shop.base, viewport={"width": 1280, "height": 900})
        page.log_in()
        page.goto("/boards/oil/edit")
        page.page.wait_for_selector(f"{WIDGETS} canvas")

        def add_and_take_back() -> None:
            page.page.keyboard.press("a")
            # Asked in the page: a handle on an element would keep it there.
            page.wait("document.querySelector('#kinds').open")
            page.page.keyboard.type("left humidity")
            page.page.keyboard.press("Enter")
            page.wait(f"document.querySelectorAll('{WIDGETS}').length === 4")
            page.wait("!document.querySelector('#kinds').open")
            page.page.click("[data-do=undo]")
            page.wait(f"document.querySelectorAll('{WIDGETS}').length === 3")

        stays_flat(page, add_and_take_back)
        assert page.problems == []


def test_a_board_is_played_back_while_values_stream_in(shop: Plant) -> None:
    now = round(time.time() * 1_000)
    publish(shop, packets(now - 330_000, 330))
    newest = "SELECT max(ts) FROM devices_latest"
    wait_until(lambda: shop.sql(newest)[0][0] >= (now - 1_000) * 1_000, "the history", 120)
    with chromium() as browser, streaming(shop, SECONDS + WARM_UP + 60):
        page = Watched(browser, shop.base, viewport={"width": 1600, "height": 2000})
        page.log_in()
        page.goto("/boards/without-site/?range=5m")
        page.wait_live()
        page.page.wait_for_selector("section[data-widget=lines] canvas")
        page.page.click("#travel-opener")
        page.page.select_option("#travel select", "60")

        def go_back_and_play() -> None:
            page.page.evaluate(
                """() => { const slider = document.querySelector('#travel input[type=range]');
                  slider.value = 990; slider.dispatchEvent(new Event('input')); }"""
            )
            page.page.click("#travel [data-play]")
            page.page.wait_for_timeout(min(EVERY, 5) * 1_000)
            page.page.click("#travel [data-play]")

        stays_flat(page, go_back_and_play)
        page.page.click("#back-to-live")
        page.wait("!location.search.includes('from=')")
        assert page.problems == []
