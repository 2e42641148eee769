"""Every page is usable by everybody: axe-core finds nothing serious, in light and dark."""

import json
from collections.abc import Iterator

import pytest

from tests.support.browser import Watched, chromium
from tests.support.made_board import MADE
from tests.support.services import ROOT, MissingServiceError, wait_until
from tests.support.stack import Plant, publish, whole_plant

pytestmark = [pytest.mark.services, pytest.mark.browser]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PAGES = (
    "/",
    "/devices/press-3/",
    "/boards/",
    "/boards/without-site/?range=30d",
    "/devices/press-3/corrections",
    "/export",
    "/status",
    "/connect",
    "/sources",
    "/sources/native",
    "/account/",
    "/pending",
    "/parts",
    "/devices/press-3/settings",
    "/?view=tiles",
    "/?view=sites",
    "/boards/oil/",
    "/boards/oil/edit",
    "/boards/oil/settings",
    "/logbook",
    "/offline",
    "/devices/press-3/events",
    "/devices/press-3/history",
    "/devices/press-3/history?by=day",
    "/devices/press-3/connection",
    "/boards/oil/share",
    "/sites/",
    "/sites/hall/",
    "/?metric=t&sort=-metric:t",
    "/jobs",
    "/inspect",
    "/alarms",
    "/alarms/1",
    "/alarms/rules",
    "/alarms/rules/new?device=press-3&metric=t&kind=above&high=3",
    "/alarms/receivers",
    "/alarms/receivers/new",
    "/alarms/maintenance",
)
# Boards by links, with and without a password.
SHARED: list[str] = []
ALARM = """
from devices.alarms import editing
from devices.alarms.models import Receiver, Rule
editing.save(Rule(name="too high", metric="t", kind="above", high=0, text="{value}"), "admin")
Receiver.objects.create(name="Duty", kind="email", target="duty@plant.example")
"""
RUN = """async () => {
  const found = await axe.run(document);
  const told = (v) => `${v.id}: ${v.help}; ${v.nodes.slice(0, 3).map((n) => n.html).join(' ')}`;
  const serious = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact));
  return { checked: found.passes.length, serious: serious.map(told) };
}"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Plant]:
    with whole_plant() as plant:
        plant.worker()
        plant.web()
        plant.add_user()
        points = [
            {"ts": 1_700_000_000_000 + n * 60_000, "t": n, "on": n % 2 == 0} for n in range(9)
        ]
        publish(plant, [("devices/press-3/telemetry", json.dumps(points))])
        publish(plant, [("devices/press-4/telemetry", '{"t": 1, "state": "idle"}')])
        wait_until(lambda: plant.count() == 20, "the readings")
        plant.manage("shell", "-v", "0", "-c", ALARM)
        wait_until(lambda: plant.sql("SELECT id FROM alarms_alarm"), "the alarm")
        made = plant.manage("shell", "-v", "0", "-c", MADE.format(number="t"))
        SHARED[:] = [f"/shared/{address}/" for address in made.split()]
        yield plant


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(shop: Plant, scheme: str) -> None:
    if not AXE.exists():
        raise MissingServiceError("axe-core is missing: make install (it needs npm)")
    with chromium() as browser:
        # axe is put into the page from outside, which the page's own policy forbids.
        page = Watched(browser, shop.base, color_scheme=scheme, bypass_csp=True)
        page.page.goto(f"{shop.base}/login/")
        found = {"/login/": _violations(page)}
        page.log_in()
        for path in (*PAGES, *SHARED):
            page.goto(path)
            page.page.wait_for_timeout(400)
            found[path] = _violations(page)
            page.shot(
                f"page-{path.partition('?')[0].strip('/').replace('/', '-') or 'overview'}-{scheme}"
            )
        assert {path: words for path, words in found.items() if words} == {}


def _violations(page: Watched) -> list[str]:
    page.page.add_script_tag(path=AXE)
    found = page.page.evaluate(RUN)
    assert found["checked"] > 10
    return list(found["serious"])
