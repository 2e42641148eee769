"""The wall page on a screen where nobody is logged in."""

import signal

import pytest

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.browser]
ENROL = (
    "from devices.access import kiosks",
    "from devices.models import Device, Kiosk, Site",
    "site = Site.objects.create(name='North', slug='north')",
    "Device.objects.update(site=site)",
    "print(kiosks.new_code(Kiosk.objects.create(name='Door', site=site)))",
)
LINE = "document.querySelector('.worst')"


def test_a_kiosk_shows_the_worst_thing_until_it_is_revoked(plant: Plant) -> None:
    plant.worker()
    web = plant.web()
    publish(plant, [("devices/press-3/telemetry", '{"t": 1}')])
    wait_until(lambda: plant.count() == 1, "the reading")
    code = plant.manage("shell", "-v", "0", "-c", "\n".join(ENROL)).strip()
    with chromium() as browser:
        page = Watched(browser, plant.base, viewport={"width": 1920, "height": 1080})
        page.goto(f"/kiosk/{code}/")
        page.page.click("main button")
        page.wait_live()
        page.wait(f"{LINE}.dataset.state === 'online'")
        page.shot("wall-online")
        publish(plant, [("devices/press-3/status", "offline")])
        page.wait(f"{LINE}.dataset.state === 'offline'")
        assert "press-3" in page.page.inner_text(".worst")
        assert "since" in page.page.inner_text(".worst")
        page.shot("wall-offline")
        publish(plant, [("devices/press-3/telemetry", '{"t": 2}')])
        page.wait(f"{LINE}.dataset.state === 'online'")

        # What cannot be known is not told as good, and says since when.
        plant.broker.stop()
        page.wait(f"{LINE}.dataset.state === 'unknown'")
        assert "Not known since" in page.page.inner_text(".worst")
        page.wait(
            "document.querySelector('.counts [data-state=unknown] strong')?.textContent === '1'", 20
        )
        page.shot("wall-unknown")
        plant.broker.start()
        page.wait(f"{LINE}.dataset.state === 'online'", 30)
        web.stop(signal.SIGKILL)
        page.wait(f"{LINE}.dataset.state === 'unknown'")
        assert "connection was lost" in page.page.inner_text(".worst")
        plant.web()
        page.wait(f"{LINE}.dataset.state === 'online'", 40)
        height = page.page.evaluate(f"parseFloat(getComputedStyle({LINE}).fontSize)")
        assert height > 80
        assert page.problems == []
        plant.manage(
            *("shell", "-v", "0", "-c"),
            "from devices.models import Kiosk; Kiosk.objects.get().delete()",
        )
        page.wait_not_live()
        # What it asks for from now on is refused, be it for its cookie or for its form's token.
        assert [one for one in page.problems if "401" not in one and "403" not in one] == []
