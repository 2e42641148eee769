"""What people may expect of live pages, in real Chromium on real services.

The checklist that rivals' users wrote by complaining. Speed is measured by `make bench`
(`frame`, `screen`), memory by `make soak`; cuts are in `test_cuts.py` and
`test_survival.py`, zooming in `test_charts.py`.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Watched, chromium
from tests.support.proxy import proxy
from tests.support.services import wait_until
from tests.support.stack import Plant, publish, whole_plant

pytestmark = [pytest.mark.services, pytest.mark.browser]
HOSTILE = "<img src=x onerror=window.hacked=1>\u202eevil"


# Counts elements that are taken out of charts, layout shifts, and what is read out aloud.
WATCH = """() => {
  Object.assign(window, { removed: 0, shift: 0, told: 0 });
  const all = { childList: true, subtree: true };
  const observe = (selector, options, work) => {
    const nodes = document.querySelectorAll(selector);
    nodes.forEach((n) => new MutationObserver(work).observe(n, options));
  };
  const elements = (record) => [...record.removedNodes].filter((n) => n.nodeType === 1).length;
  observe('figure', all, (found) => found.forEach((r) => { window.removed += elements(r); }));
  const aloud = '[aria-live], [role=status], [role=alert]';
  observe(aloud, { ...all, characterData: true }, (found) => { window.told += found.length; });
  const shifts = (list) => list.getEntries().forEach((e) => { window.shift += e.value; });
  new PerformanceObserver(shifts).observe({ type: 'layout-shift' });
}"""
MARKS = "[...document.querySelectorAll('.now[data-ts] .q')]"
NOT_LIVE = f"{MARKS}.length > 0 && {MARKS}.every((q) => q.textContent === 'not live' && !q.hidden)"
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
OF_DEVICE = (
    "FROM devices_series s JOIN devices_device d ON d.id = s.device_id "
    "LEFT JOIN devices_reading r ON r.series_id = s.id WHERE d.key = '{0}'"
)
# How many pixels of the line's colour are in a column of a chart, at a share of its width.
COLUMN = """(canvas) => {
  const [box, over] = [canvas, canvas.parentElement.querySelector('.u-over')]
    .map((n) => n.getBoundingClientRect());
  const x = Math.round((over.left - box.left + over.width * SHARE) * canvas.width / box.width);
  const { data } = canvas.getContext('2d').getImageData(x, 0, 1, canvas.height);
  const accent = (i) => data[i] < 60 && Math.abs(data[i + 1] - 110) < 30 && data[i + 2] > 120;
  return [...Array(canvas.height).keys()].filter((y) => accent(4 * y)).length;
}"""
STYLE_OF_ALL = "[...document.querySelectorAll('*')].map((n) => getComputedStyle(n))"


@pytest.fixture(scope="module")
def shop() -> Iterator[Plant]:
    """Worker, web process and a logged-in person's account, for all tests here."""
    with whole_plant() as plant:
        plant.worker()
        plant.web()
        plant.add_user()
        yield plant


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def send(plant: Plant, device: str, **values: Any) -> None:
    publish(plant, [(f"devices/{device}/telemetry", json.dumps(values))])


def opened(browser: Browser, plant: Plant, path: str, base: str = "", **options: Any) -> Watched:
    """Return a page that is live."""
    page = Watched(browser, base or plant.base, **options)
    page.log_in()
    page.goto(path)
    page.wait_live()
    return page


def known(plant: Plant, device: str, **values: Any) -> None:
    """Send values of a device and wait until it is known."""
    send(plant, device, **values)
    query = f"SELECT count(*) FROM devices_device WHERE key = '{device}' AND last_seen IS NOT NULL"
    wait_until(lambda: plant.sql(query)[0][0] == 1, f"device {device}")


def value_of(device: str, metric: str = "t") -> str:
    return f"figure[data-key='{device}/{metric}'] [data-cell=value]"


def shows(page: Watched, selector: str, text: str) -> None:
    page.wait(f'document.querySelector("{selector}")?.textContent === {json.dumps(text)}', 20)


def test_values_with_their_times_are_there_without_javascript(
    shop: Plant, browser: Browser
) -> None:
    known(shop, "plain", t=21.5)
    page = Watched(browser, shop.base, java_script_enabled=False)
    page.log_in()
    for path in ("/", "/devices/plain/"):
        page.goto(path)
        text = page.page.inner_text("main")
        assert "21.5" in text
        assert " ago" in text
    assert "Live updates need JavaScript" in page.link_words()
    page.context.close()


def test_streaming_replaces_no_elements_and_shifts_nothing(shop: Plant, browser: Browser) -> None:
    known(shop, "calm", t=9.9, u=1)
    page = opened(browser, shop, "/devices/calm/")
    shows(page, value_of("calm"), "9.9")
    page.page.wait_for_timeout(500)  # charts are made
    page.page.evaluate(WATCH)
    before = page.page.locator("figure").first.bounding_box()
    for n in range(60):
        send(shop, "calm", t=9.9 if n % 2 else 10000.0, u=n)
    send(shop, "calm", t=10000, u=-1)
    shows(page, value_of("calm", "u"), "-1")
    assert page.page.evaluate("window.removed") == 0
    assert page.page.evaluate("window.shift") < 0.01
    assert page.page.evaluate("window.told") == 0  # screen readers are not flooded
    assert page.page.locator("figure").first.bounding_box() == before
    page.context.close()


def test_a_lost_link_is_told_and_every_value_marked(shop: Plant, browser: Browser) -> None:
    known(shop, "linked", t=5)
    with proxy(shop.web_port, mqtt=False) as gate:
        base = f"http://127.0.0.1:{gate.port}"
        page = opened(browser, shop, "/devices/linked/", base)
        shows(page, value_of("linked"), "5")
        gate.mode = "closed"
        gate.cut()
        page.wait_not_live()
        assert page.page.get_attribute("#link-state", "role") == "status"
        assert "connection was lost" in page.link_words()
        assert " ago" in page.link_words()
        page.wait(NOT_LIVE)
        page.shot("not-live-values")
        gate.mode = "pass"
        page.wait_live(40)
        page.wait(f"{MARKS}.every((q) => q.hidden)")
    page.context.close()


def test_a_link_that_goes_silent_is_noticed(shop: Plant, browser: Browser) -> None:
    """Half-open: nothing is closed, nothing comes any more."""
    known(shop, "silent", t=5)
    with proxy(shop.web_port, mqtt=False) as gate:
        page = opened(browser, shop, "/devices/silent/", f"http://127.0.0.1:{gate.port}")
        gate.mode = "stall"
        page.wait_not_live(30)
        gate.mode = "pass"
        page.wait_live(40)
    page.context.close()


def test_a_page_in_the_background_is_fresh_at_once_and_without_a_burst(
    shop: Plant, browser: Browser
) -> None:
    known(shop, "asleep", t=0)
    page = Watched(browser, shop.base)
    frames: list[str] = []
    page.page.on(
        "websocket", lambda ws: ws.on("framereceived", lambda frame: frames.append(str(frame)))
    )
    page.log_in()
    page.goto("/devices/asleep/")
    page.wait_live()
    page.page.evaluate(HIDE, True)
    for n in range(50):
        send(shop, "asleep", t=n)
    send(shop, "asleep", t=99)
    rows = f"SELECT count(r.ts) {OF_DEVICE.format('asleep')}"
    wait_until(lambda: shop.sql(rows)[0][0] == 52, "all rows")
    frames.clear()
    page.page.evaluate(HIDE, False)
    shows(page, value_of("asleep"), "99")
    page.page.wait_for_timeout(1_000)
    state = [frame for frame in frames if '"seq"' in frame]
    assert len(state) < 12, state
    page.context.close()


def test_a_device_that_dies_is_offline_with_since_on_page_and_list(
    shop: Plant, browser: Browser
) -> None:
    known(shop, "mortal", t=1)
    page = opened(browser, shop, "/devices/mortal/")
    other = opened(browser, shop, "/?search=mortal")
    publish(shop, [("devices/mortal/status", "offline")])
    for one in (page, other):
        one.wait("document.querySelector('[data-cell=state] .badge').dataset.state === 'offline'")
    page.wait("/ago/.test(document.querySelector('[data-cell=since]')?.textContent ?? '')")
    page.context.close()
    other.context.close()


def test_slow_but_healthy_is_not_stale_and_silent_is(shop: Plant, browser: Browser) -> None:
    hour, now = 3_600_000, round(time.time() * 1_000)
    for device, newest in (("hourly", now - 50 * 60_000), ("hushed", now - 4 * hour)):
        batch = [{"ts": newest - n * hour, "t": n + 0.5} for n in range(12)]
        publish(shop, [(f"devices/{device}/telemetry", json.dumps(batch))])
        known(shop, device)
        count = f"SELECT count(DISTINCT s.id) {OF_DEVICE.format(device)}"
        wait_until(lambda count=count: shop.sql(count)[0][0] == 1, "its series")  # type: ignore[misc]
    page = opened(browser, shop, "/devices/hourly/")
    page.wait("document.querySelector('.now').dataset.q === ''")
    page.goto("/devices/hushed/")
    page.wait("document.querySelector('.now').dataset.q === 'stale'")
    assert page.page.inner_text(".now .q").strip().endswith("stale")
    page.goto("/")
    page.wait("document.querySelector('[data-key=\"hushed/t\"]').dataset.q === 'stale'")
    assert page.page.get_attribute("[data-key='hourly/t']", "data-q") == ""
    page.context.close()


def test_withdrawn_rights_take_the_values_off_the_screen(shop: Plant, browser: Browser) -> None:
    known(shop, "secret", t=7)
    shop.add_user("vera")
    run = (
        "from django.contrib.auth.models import User",
        "from devices.models import Device, Membership, Site",
        "User.objects.filter(username='vera').update(is_staff=False, is_superuser=False)",
        "site = Site.objects.create(name='S', slug='s')",
        "Device.objects.filter(key='secret').update(site=site)",
        "vera = User.objects.get(username='vera')",
        "Membership.objects.create(user=vera, site=site, role='viewer')",
    )
    shop.manage("shell", "-v", "0", "-c", "\n".join(run))
    page = Watched(browser, shop.base)
    page.log_in("vera")
    page.goto("/devices/secret/")
    page.wait_live()
    shows(page, value_of("secret"), "7")
    withdraw = "from devices.models import Membership; Membership.objects.all().delete()"
    shop.manage("shell", "-v", "0", "-c", withdraw)
    page.page.wait_for_selector("#gone:not([hidden])")
    assert "7" not in page.page.inner_text("#device").split()
    page.goto("/devices/secret/")
    assert page.page.title().startswith("Not found")
    page.context.close()


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_wrong_clock_of_the_browser_changes_nothing(
    shop: Plant, browser: Browser, hours: int
) -> None:
    known(shop, "clocked", t=1)
    page = Watched(browser, shop.base)
    page.log_in()
    page.page.clock.install(time=time.time() + hours * 3_600)
    page.goto("/devices/clocked/")
    page.wait_live()
    send(shop, "clocked", t=2)
    shows(page, value_of("clocked"), "2")
    page.wait("/^\\d+ s ago$/.test(document.querySelector('[data-cell=age]').textContent)")
    page.wait("document.querySelector('.now').dataset.q === ''")
    page.context.close()


def test_times_are_in_the_zone_of_the_address_or_the_one_that_was_chosen(
    shop: Plant, browser: Browser
) -> None:
    """Other than the browser's; in the night when clocks go back."""
    night = int(datetime(2025, 10, 26, 0, 30, tzinfo=UTC).timestamp() * 1_000)
    points = [{"ts": night + n * 1_800_000, "t": n} for n in range(4)]
    publish(shop, [("devices/zoned/telemetry", json.dumps(points))])
    known(shop, "zoned")
    page = Watched(browser, shop.base, timezone_id="Asia/Tokyo")
    page.log_in()
    page.goto("/")
    page.wait("document.getElementById('zone-picker').value === 'Asia/Tokyo'")
    page.goto(f"/devices/zoned/?zone=Europe/Berlin&from={night - 1}&to={night + 7_200_000}")
    page.wait_live()
    page.page.click("figure summary")
    cells = (
        "[...document.querySelectorAll('figure tbody td:first-child')].map((c) => c.textContent)"
    )
    clock = ["03:00:00", "02:30:00", "02:00:00", "02:30:00"]
    # The table is filled anew with each frame.
    page.wait(f"{cells}.join() === '{','.join(f'2025-10-26 {time}' for time in clock)}'")
    page.page.click(".person > summary")
    page.page.fill("#zone-picker", "Mars/Olympus")
    page.page.press("#zone-picker", "Enter")
    assert "no such time zone" in page.page.evaluate(
        "document.getElementById('zone-picker').validationMessage"
    )
    page.page.fill("#zone-picker", "UTC")
    page.page.press("#zone-picker", "Tab")
    page.page.wait_for_url("**zone=UTC**")
    page.goto("/")
    page.wait("document.getElementById('zone-picker').value === 'UTC'")
    page.context.close()


def test_a_metric_that_never_came_says_so(shop: Plant, browser: Browser) -> None:
    code = "from devices.models import Device; Device.objects.create(key='unborn')"
    shop.manage("shell", "-v", "0", "-c", code)
    page = opened(browser, shop, "/?search=unborn")
    assert "no data yet" in page.page.inner_text("#devices")
    assert "never" in page.page.inner_text("#devices")
    page.goto("/devices/unborn/")
    page.wait_live()
    text = page.page.inner_text("main")
    assert "No data yet." in text
    assert not {"NaN", "null", "undefined"} & set(text.split())
    page.context.close()


def test_on_a_phone_nothing_is_wider_than_the_screen(shop: Plant, browser: Browser) -> None:
    known(shop, "pocket", t=1, **{"a-metric-with-a-name-that-is-longer-than-a-phone-is-wide": 5})
    size = {"width": 360, "height": 740}
    page = Watched(browser, shop.base, viewport=size, has_touch=True, is_mobile=True)
    page.log_in()
    for path in ("/", "/devices/pocket/", "/status", "/jobs"):
        page.goto(path)
        page.page.wait_for_timeout(300)
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 360, path
        small = page.page.evaluate(
            "[...document.querySelectorAll('button, select, input:not([type=hidden]), nav a')]"
            ".map((n) => n.type === 'checkbox' && n.closest('label') || n)"  # pressed by its label
            ".filter((n) => n.getClientRects().length && n.getBoundingClientRect().height < 43.5)"
            ".map((n) => n.outerHTML.slice(0, 90))"
        )
        assert small == [], path
    page.context.close()


def test_charts_have_a_name_a_table_and_keys(shop: Plant, browser: Browser) -> None:
    known(shop, "named", t=1)
    page = opened(browser, shop, "/devices/named/")
    plot = page.page.locator("figure .plot").first
    assert "table below" in (plot.get_attribute("aria-label") or "")
    assert plot.get_attribute("tabindex") == "0"
    page.page.click("figure summary")
    page.wait("document.querySelectorAll('figure tbody tr').length >= 1")
    page.wait("document.querySelector('figure .plot canvas') !== null")
    plot.focus()
    page.page.keyboard.press("ArrowLeft")
    page.wait("location.search.includes('from=')")
    page.page.keyboard.press("0")
    page.wait("!location.search.includes('from=')")
    page.context.close()


def test_hostile_names_are_text_and_nothing_is_asked_of_other_hosts(
    shop: Plant, browser: Browser
) -> None:
    known(shop, "hostile", **{HOSTILE: 1, "text": HOSTILE})
    shop.sql(f"UPDATE devices_device SET name = '{HOSTILE}' WHERE key = 'hostile'")
    page = opened(browser, shop, "/devices/hostile/", reduced_motion="reduce")
    for path in ("/", "/devices/hostile/", "/status"):
        page.goto(path)
        page.wait_live()
        page.page.wait_for_timeout(300)
        assert page.page.evaluate("window.hacked") is None
        assert page.page.locator("img:not(.brand img)").count() == 0
    assert page.foreign == []
    assert page.problems == []
    answer = page.page.request.get(f"{shop.base}/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    moving = f"{STYLE_OF_ALL}.filter((s) => s.animationName !== 'none').length"
    assert page.page.evaluate(moving) == 0
    page.context.close()


def test_a_network_that_refuses_sockets_is_polled(shop: Plant, browser: Browser) -> None:
    known(shop, "polled", t=1)
    page = Watched(browser, shop.base)
    page.log_in()
    page.page.route_web_socket("**/ws/live/", lambda socket: socket.close())
    page.goto("/devices/polled/")
    page.wait("/every 5 s/.test(document.getElementById('link-words').textContent)", 30)
    send(shop, "polled", t=42)
    shows(page, value_of("polled"), "42")
    assert page.page.get_attribute("#link-state", "data-link") == "live"
    page.context.close()


def test_a_unit_stays_in_its_place_while_a_value_grows(shop: Plant, browser: Browser) -> None:
    known(shop, "growing", t=9.9)
    shop.sql(
        "UPDATE devices_series SET unit = 'mbar' WHERE device_id = "
        "(SELECT id FROM devices_device WHERE key = 'growing')"
    )
    page = opened(browser, shop, "/?search=growing")
    place = (
        "(({ left: a }, { left: b, height }) => [b - a, height])"
        "(document.querySelector(\"[data-key='growing/t']\").getBoundingClientRect(), "
        "document.querySelector(\"[data-key='growing/t'] .unit\").getBoundingClientRect())"
    )
    # Within its value: the column beside it tells another age meanwhile.
    before = page.page.evaluate(place)
    send(shop, "growing", t=10000)
    shows(page, "[data-key='growing/t'] b", "10,000")
    assert page.page.evaluate(place) == pytest.approx(before, abs=0.5)
    page.context.close()


def test_what_was_lost_is_a_gap_and_no_line(shop: Plant, browser: Browser) -> None:
    """Too short to be told from the readings' own pace: only the named loss can break it."""
    now = round(time.time())
    points = [{"ts": (now - 200 + n * 10) * 1_000, "t": 5} for n in range(20)]
    publish(shop, [("devices/lossy/telemetry", json.dumps(points))])
    known(shop, "lossy")
    code = (
        "from devices.storage import losses; from devices.models import Device",
        "pk = Device.objects.get(key='lossy').pk",
        f"losses.record('throttled', {now - 98}000000, {now - 92}000000, 1, device_id=pk)",
    )
    shop.manage("shell", "-v", "0", "-c", "\n".join(code))
    span = f"from={(now - 200) * 1_000}&to={(now - 10) * 1_000}"
    page = opened(browser, shop, f"/devices/lossy/?range=1h&{span}")
    canvas = page.page.wait_for_selector("figure canvas")
    line, lost = (COLUMN.replace("SHARE", str((200 - s) / 190)) for s in (115, 95))
    page.wait_for(canvas, f"(canvas) => ({line})(canvas) > 0")
    page.wait_for(canvas, f"(canvas) => ({lost})(canvas) === 0")
    page.context.close()


# A finger that goes along these places on a chart.
SWIPE = """(plot, path) => {
  const box = plot.getBoundingClientRect();
  const at = ([x, y]) => ({ clientX: box.left + x, clientY: box.top + y });
  const send = (type, place) => plot.dispatchEvent(new PointerEvent(type,
    { bubbles: true, pointerId: 7, pointerType: 'touch', isPrimary: true, ...at(place) }));
  send('pointerdown', path[0]);
  path.forEach((place) => send('pointermove', place));
  send('pointerup', path.at(-1));
}"""


def test_a_finger_that_scrolls_past_a_chart_leaves_it_live(shop: Plant, browser: Browser) -> None:
    known(shop, "swiped", t=1)
    page = opened(browser, shop, "/devices/swiped/", viewport={"width": 360, "height": 740})
    plot = page.page.wait_for_selector("figure .plot .u-over")
    assert plot is not None
    page.page.evaluate(
        "([plot, path]) => (" + SWIPE + ")(plot, path)", [plot, [[90, 90], [92, 89]]]
    )
    down = [[90, 90], [95, 50], [101, 2]]
    page.page.evaluate("([plot, path]) => (" + SWIPE + ")(plot, path)", [plot, down])
    page.page.wait_for_timeout(300)
    assert "from=" not in page.page.url
    across = [[90, 50], [120, 52], [160, 55]]
    page.page.evaluate("([plot, path]) => (" + SWIPE + ")(plot, path)", [plot, across])
    page.page.wait_for_selector("#back-to-live:not([hidden])")
    assert "from=" in page.page.url
    page.context.close()
