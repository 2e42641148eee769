"""Headless Chromium from the system, driven by Playwright."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.services import PATIENCE, ROOT, find

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
SCREENSHOTS = ROOT / "test-output" / "screenshots"


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = find("chromium", "chromium")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page that notes what a strict page must not do."""

    def __init__(self, browser: Browser, base: str, **options: Any) -> None:
        self.base = base
        # A worker of a page would hide requests from tests that look at them.
        self.context = browser.new_context(**{"service_workers": "block", **options})
        self.page: Page = self.context.new_page()
        self.navigations = 0
        self.problems: list[str] = []
        self.foreign: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._console)
        self.page.on("request", self._request)
        self.page.on("framenavigated", self._navigated)

    def _console(self, message: Any) -> None:
        text = message.text
        if message.type == "error" and "WebSocket" not in text and "ERR_CONNECTION" not in text:
            self.problems.append(f"{text} {message.location['url']}")

    def _request(self, request: Any) -> None:
        own = (self.base, self.base.replace("http", "ws", 1), "data:")
        if not request.url.startswith(own):
            self.foreign.append(request.url)

    def _navigated(self, _frame: Any) -> None:
        self.navigations += 1

    def log_in(self, user: str = "admin", password: str = "secret-123") -> None:
        self.page.goto(f"{self.base}/login/")
        self.page.fill("#id_username", user)
        self.page.fill("#id_password", password)
        self.page.click("main button[type=submit]")
        self.page.wait_for_selector("#link-state")

    def goto(self, path: str) -> None:
        self.page.goto(self.base + path)

    def wait(self, expression: str, seconds: float = 10) -> None:
        """Wait until `expression` is true; not by eval in the page, which its CSP forbids."""
        self.wait_for(None, expression, seconds)

    def wait_for(self, handle: Any, function: str, seconds: float = 10) -> None:
        """Wait until `function` of what `handle` stands for is true."""
        until = time.monotonic() + seconds * PATIENCE
        while not self.page.evaluate(function, handle):
            if time.monotonic() > until:
                raise TimeoutError(f"waited {seconds} s for {function}")
            self.page.wait_for_timeout(30)

    def link_words(self) -> str:
        return self.page.inner_text("#link-words")

    def wait_live(self, seconds: float = 20) -> None:
        self.page.wait_for_selector("#link-state[data-link=live]", timeout=seconds * 1_000)

    def wait_not_live(self, seconds: float = 20) -> None:
        self.page.wait_for_selector("#link-state[data-link=not-live]", timeout=seconds * 1_000)

    def shot(self, name: str) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path
