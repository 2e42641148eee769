"""`make demo` and the README's packet, as somebody new runs them."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.support.services import PATIENCE, find, wait_until

INSTALL_SECONDS = 600
README_PACKET = '{"temperature": 21.5}'


class Demo:
    """One `make demo`, and what it printed."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def told(self, pattern: str) -> re.Match[str]:
        found = re.search(pattern, self.text(), re.M)
        assert found, self.text()
        return found

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.text()
        return re.search(r"^Ready: .*\n.*\nMQTT: ", self.text(), re.M) is not None

    @property
    def base(self) -> str:
        return self.told(r"^Ready: (\S+)/$").group(1)

    @property
    def broker(self) -> tuple[str, str]:
        return self.told(r"^MQTT: (\S+):(\d+)$").groups()  # type: ignore[return-value]

    def log_in(self) -> urllib.request.OpenerDirector:
        """Log in with the name and password that were printed."""
        user, password = self.told(r"^Login: (\S+) / (\S+) ").groups()
        cookies = CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        browser.open(f"{self.base}/login/").read()
        token = next(str(c.value) for c in cookies if c.name == "csrftoken")
        form = {"username": user, "password": password, "csrfmiddlewaretoken": token}
        answer = browser.open(f"{self.base}/login/", urllib.parse.urlencode(form).encode())
        assert answer.geturl() == f"{self.base}/", "the printed login is not taken"
        return browser


@contextmanager
def demo(clone: Path, env: dict[str, str]) -> Iterator[Demo]:
    """Run `make demo` until Ready; end it as Ctrl-C does."""
    log = clone.parent / f"demo-{time.monotonic_ns()}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            ["make", "demo"], cwd=clone, env=env, stdout=file, stderr=file, start_new_session=True
        )
    running = Demo(process, log)
    try:
        wait_until(running.is_ready, "make demo to say Ready", INSTALL_SECONDS)
        yield running
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30 * PATIENCE)
        assert "everything received is stored" in running.text(), running.text()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def values(running: Demo, browser: urllib.request.OpenerDirector) -> list[float]:
    """Return what the API has of the README's sensor."""
    url = f"{running.base}/api/v1/devices/my-sensor/readings?metric=temperature"
    try:
        answer = json.load(browser.open(url))
    except urllib.error.HTTPError as error:
        if error.code == 404:  # the packet is on its way
            return []
        raise
    return [value for series in answer["series"] for value in series["value"]]


@pytest.mark.timeout(2 * INSTALL_SECONDS)
def test_the_readmes_commands_work_on_a_fresh_clone(clone: Path, bare: dict[str, str]) -> None:
    publish = [find("mosquitto_pub", "mosquitto-clients"), "-q", "1"]
    with demo(clone, bare) as running:
        host, port = running.broker
        topic = ["-h", host, "-p", port, "-t", "devices/my-sensor/telemetry"]
        subprocess.run([*publish, *topic, "-m", README_PACKET], check=True, timeout=30)
        browser = running.log_in()
        wait_until(lambda: values(running, browser) == [21.5], "the packet in the API")
    with demo(clone, bare) as running:
        assert values(running, running.log_in()) == [21.5]


@pytest.mark.timeout(INSTALL_SECONDS)
def test_no_module_needs_more_than_the_demos_lock(clone: Path, bare: dict[str, str]) -> None:
    """But for those that need an extra, and say so."""
    subprocess.run(["make", "--quiet", ".stamps/run"], cwd=clone, env=bare, check=True)
    script = Path(__file__).with_name("import_all.py")
    env = {
        **bare,
        "SECRET_KEY": "only-for-tests-and-long-enough-to-be-a-key",
        "IOTBRIDGE_STANDALONE": "1",
    }
    done = subprocess.run(
        [clone / ".venv/bin/python", script], cwd=clone, env=env, check=True, capture_output=True
    )
    assert json.loads(done.stdout) == {
        "devices.exports.parquet": "pyarrow",
        "devices.storage.postgresql": "psycopg",
    }
