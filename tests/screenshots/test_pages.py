"""Every page in every state, on a desk and in a hand, light and dark, as pictures to look at.

They are in test-output/screenshots/pages; docs/images has some of them. The states are real:
devices that fell silent or said goodbye, a worker that was stopped, a database that is away.
"""

import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser

from tests.support.browser import SCREENSHOTS, Watched, chromium
from tests.support.made_board import MADE
from tests.support.services import wait_until
from tests.support.stack import Plant, publish, whole_plant

pytestmark = [pytest.mark.services, pytest.mark.browser, pytest.mark.timeout(600)]
# `make screenshots` takes all of them, `make test` one of each page.
WHOLE = bool(os.environ.get("SCREENSHOTS"))
SIZES = {"desktop": (1440, 900), **({"phone": (360, 740)} if WHOLE else {})}
SCHEMES = ("light", "dark") if WHOLE else ("light",)
SITES = """
from django.utils import timezone
from datetime import timedelta
from devices.models import Device, Site
site = Site.objects.create(slug="north", name="North plant")
hall = Site.objects.create(slug="hall", name="Press hall", parent=site)
Device.objects.filter(key__startswith="press").update(site=hall, device_type="press")
Device.objects.filter(key="press-3").update(name="Press 3")
Device.objects.exclude(key__startswith="press").update(site=site)
Device.objects.create(key="press-5", site=hall, device_type="press")
Device.objects.create(key="valve-1", site=site, pending=True)
"""
SILENT = (
    "UPDATE devices_device SET last_seen = now() - interval '2 hours', "
    "expected_by = now() - interval '1 hour' WHERE key = 'room-2'"
)
# name -> (path, words that are on the page)
LIVE = {
    "devices": ("/", "Press 3"),
    "devices-none": ("/?search=nothing", "No device matches"),
    "device": ("/devices/press-3/", "oil.temperature"),
    "device-compared": ("/devices/press-3/?compare=press-3/vibration", "Dashed: vibration"),
    "device-past": ("/devices/press-3/?from=1000000000000&to=1000003600000", "Back to live"),
    "device-stale": ("/devices/room-2/", "stale"),
    "device-offline": ("/devices/press-4/", "offline"),
    "device-never": ("/devices/press-5/", "No data yet"),
    "boards": ("/boards/", "North plant"),
    "board-site": ("/boards/site/hall/", "oil.temperature"),
    "board-type": ("/boards/type/?type=press", "vibration"),
    "board-empty": ("/boards/without-site/", "No device here yet"),
    "board-made": ("/boards/oil/", "Oil of Press 3"),
    "board-past": ("/boards/oil/?from=1000000000000&to=1000003600000", "Back to live"),
    "board-editor": ("/boards/oil/edit", "Drag widgets"),
    "board-settings": ("/boards/oil/settings", "What was published"),
    "board-links": ("/boards/oil/share", "Make a link"),
    "device-history": ("/devices/press-3/history", "oil.temperature"),
    "device-history-by-day": ("/devices/press-3/history?by=day", "Readings"),
    "device-connection": ("/devices/press-3/connection", "What arrives"),
    "devices-columns": ("/?metric=oil.temperature&sort=-metric:oil.temperature", "Press 3"),
    "device-events": ("/devices/press-3/events", "Oil is low"),
    "logbook": ("/logbook", "Oil is low"),
    "wall": ("/wall/north/", "press-4"),
    "status": ("/status", "Nothing is wrong"),
    "connect": ("/connect", "Nobody has looked yet"),
    "sources": ("/sources", "Read by templates of your own"),
    "source": ("/sources/native", "It has no options"),
    "parts": ("/parts", "Nothing is here."),
    "pending": ("/pending", "valve-1"),
    "device-settings": ("/devices/press-3/settings", "Shown in"),
    "devices-tiles": ("/?view=tiles", "Press 3"),
    "devices-sites": ("/?view=sites", "North plant"),
    "sites": ("/sites/", "North plant"),
    "site-settings": ("/sites/hall/", "Nobody has a role here yet"),
    "account": ("/account/", "Your settings"),
    "jobs": ("/jobs", "No exports or imports yet"),
    "export": ("/export", "What: device/metric"),
    "import": ("/import?device=press-3", "CSV or JSON Lines"),
    "inspect": ("/inspect?device=press-3", "devices/press-3/telemetry"),
    "corrections": ("/devices/press-3/corrections", "Mark"),
    "not-found": ("/devices/nobody/", "Not found"),
}


@contextmanager
def screens(browser: Browser, plant: Plant) -> Iterator[dict[str, Watched]]:
    """One logged-in page for each size and scheme."""
    with ExitStack() as stack:
        made = {}
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                viewport = {"width": width, "height": height}
                page = Watched(browser, plant.base, viewport=viewport, color_scheme=scheme)
                stack.callback(page.context.close)
                made[f"{size}-{scheme}"] = page
        yield made


def take(screens: dict[str, Watched], name: str, path: str, words: str) -> None:
    """Open a page on every screen, see that it fits and says `words`, and keep a picture."""
    for screen, page in screens.items():
        page.goto(path)
        keep(page, name, words, screen)


def keep(page: Watched, name: str, words: str, screen: str) -> None:
    page.wait(f"document.body.innerText.includes({json.dumps(words)})", 20)
    page.page.wait_for_timeout(400)  # charts are drawn
    if page.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        page.problems.append(f"{name} is too wide on {screen}")
    folder = SCREENSHOTS / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    page.page.screenshot(path=folder / f"{name}-{screen}.png")


def fill(plant: Plant) -> None:
    """Send an hour of readings of two presses and two rooms."""
    now = time.time()
    packets = []
    for n in range(240):
        ts = round((now - 3_600 + n * 15) * 1_000)
        wave = math.sin(n / 20)
        for press in (3, 4):
            values = {
                "oil.temperature": round(54 + press + 4 * wave, 2),
                "vibration": round(1.2 + 0.6 * math.sin(n / 7 + press), 3),
                "running": n % 60 > 8 * press - 20,
                "mode": "production" if n % 80 < 60 else "setup",
            }
            packets.append((f"devices/press-{press}/telemetry", json.dumps({"ts": ts, **values})))
        for room in (1, 2):
            values = {"temperature": round(21 + room / 2 + wave, 2), "humidity": 40 + n % 9}
            packets.append((f"devices/room-{room}/telemetry", json.dumps({"ts": ts, **values})))
    publish(plant, packets)
    publish(plant, [("devices/press-4/status", "offline")])
    count = "SELECT count(*) FROM devices_reading"
    wait_until(lambda: plant.sql(count)[0][0] == 240 * 12, "all readings")


def test_every_page_fits_and_says_how_things_are(browser_and_plant: tuple[Browser, Plant]) -> None:
    browser, plant = browser_and_plant
    with screens(browser, plant) as shown:
        take(shown, "login", "/login/", "Log in")
        for page in shown.values():
            page.log_in()
        take(shown, "devices-empty", "/", "Connect the first device")
        take(shown, "boards-empty", "/boards/", "No device yet")
        fill(plant)
        plant.manage("shell", "-v", "0", "-c", SITES)
        made = plant.manage("shell", "-v", "0", "-c", MADE.format(number="oil.temperature"))
        shared, secret = (f"/shared/{address}/" for address in made.split())
        by_link = {
            "board-shared": (shared, "Oil of Press 3"),
            "board-password": (secret, "asks for a password"),
            "board-link-over": ("/shared/none/", "was revoked"),
        }
        for name, (path, words) in {**LIVE, **by_link}.items():
            # Again each time: workers write a little later when they heard of it last.
            plant.sql(SILENT)
            publish(plant, [("devices/press-3/telemetry", '{"vibration": 1.5}')])
            take(shown, name, path, words)
        for page in shown.values():
            page.goto("/devices/press-3/")
            page.wait_live()
        plant.processes[0].stop()
        for screen, page in shown.items():
            page.wait_not_live(40)
            keep(page, "device-not-live", "no ingest worker", screen)
        plant.database.kill()
        take(shown, "database-away", "/", "The database does not answer")
        assert [url for page in shown.values() for url in page.foreign] == []
        problems = [words for page in shown.values() for words in page.problems]
        # The answers 404 and 503 themselves are noted by the browser.
        assert [words for words in problems if "the server responded with" not in words] == []


@pytest.fixture
def browser_and_plant() -> Iterator[tuple[Browser, Plant]]:
    with whole_plant() as plant, chromium() as browser:
        plant.worker()
        plant.web()
        plant.add_user()
        yield browser, plant
