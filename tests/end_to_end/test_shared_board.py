"""A board by a link, without a login: live, in another page's frame, and over at once."""

import functools
import http.server
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

pytestmark = [pytest.mark.services, pytest.mark.browser]
MAKE = """
from django.contrib.auth import get_user_model
from dashboards.boards import store
from dashboards.sharing import links
user = get_user_model().objects.get()
one, more = {"key": "press-3/oil"}, {"keys": ["press-3/oil"]}
widgets = [
    {"id": "a", "kind": "value", "x": 0, "y": 0, "w": 4, "h": 3, "options": one},
    {"id": "b", "kind": "lines", "x": 4, "y": 0, "w": 8, "h": 5, "options": more},
]
board = store.publish(store.make(user, "Oil", {"widgets": widgets}), user)
print(links.address_of(links.make(board, user, origins=["http://localhost:PORT"])))
"""


@contextmanager
def other_site(folder: Path) -> Iterator[int]:
    """Serve the pages of somebody else."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def test_a_board_by_a_link(plant: Plant, tmp_path: Path) -> None:
    plant.worker()
    web = plant.web()
    plant.add_user()
    publish(plant, [("devices/press-3/telemetry", '{"oil": 61.5, "secret": 42}')])
    wait_until(lambda: plant.count() == 2, "the readings")
    with other_site(tmp_path) as port, chromium() as browser:
        made = plant.manage("shell", "-v", "0", "-c", MAKE.replace("PORT", str(port)))
        path = f"/shared/{made.strip()}/"
        page = Watched(browser, plant.base, viewport={"width": 1280, "height": 800})
        page.goto(path)
        page.wait_live()
        page.wait("document.querySelector('#w-b canvas') !== null")
        publish(plant, [("devices/press-3/telemetry", '{"oil": 71.25}')])
        page.wait("document.querySelector('#w-a b').textContent === '71.25'")
        page.page.click("button[data-span=yesterday]")
        page.wait("document.querySelector('#span-shown').textContent !== ''")
        page.page.click("#back-to-live")
        page.shot("shared-board")
        web.stop(signal.SIGKILL)
        page.wait_not_live()
        publish(plant, [("devices/press-3/telemetry", '{"oil": 72.5}')])
        plant.web()
        page.wait("document.querySelector('#w-a b').textContent === '72.5'", 40)

        (tmp_path / "index.html").write_text(f"<iframe src='{plant.base}{path}'></iframe>")
        for host, is_let in (("localhost", True), ("127.0.0.1", False)):
            frame = browser.new_page()
            frame.goto(f"http://{host}:{port}/index.html")
            inside = frame.frame_locator("iframe").locator("#w-a b")
            wait_until(
                lambda inside=inside, is_let=is_let: inside.count() == is_let,
                f"a frame of {host}",
                20,
            )
            if is_let:
                assert inside.inner_text() == "72.5"
            frame.close()

        assert page.problems == []
        assert page.foreign == []
        gone = "from dashboards.models import BoardLink; BoardLink.objects.all().delete()"
        plant.manage("shell", "-v", "0", "-c", gone)
        page.wait(
            "document.querySelector('#link-words').textContent.includes('shows nothing any more')",
            90,
        )
        page.goto(path)
        assert "was revoked" in page.page.inner_text("main")
