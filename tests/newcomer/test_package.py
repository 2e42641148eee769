"""The package as pip makes it, in an environment that holds nothing else: it starts, whole."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.services import free_port, wait_until

INSTALL_SECONDS = 600


@pytest.mark.timeout(INSTALL_SECONDS)
def test_a_wheel_carries_all_it_needs(clone: Path, bare: dict[str, str]) -> None:
    home = clone.parent / "home"
    home.mkdir()
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
    pip = [home / "venv/bin/python", "-m", "pip", "install", "--quiet"]
    pip.append("--disable-pip-version-check")
    locked = [*pip, "--require-hashes", "-r", clone / "requirements.txt"]
    subprocess.run(locked, check=True, env=bare)
    subprocess.run([*pip, "--no-deps", clone], check=True, env=bare)
    port = free_port()
    env = {**bare, "HTTP_PORT": str(port)}
    env |= {"MQTT_PORT": str(free_port()), "WORKER_HTTP_PORT": str(free_port())}
    command = [str(home / "venv/bin/iotbridge")]
    log = home / "log"
    # Not from the checkout: what is imported is what was installed.
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "standalone"], cwd=home, env=env, stdout=out, stderr=out
        )
    try:
        wait_until(lambda: "Ready:" in log.read_text(), "the installed package", 60)
        base = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(f"{base}/login/") as answer:
            page = answer.read().decode()
        script = next(part for part in page.split('"') if part.endswith("/main.js"))
        with urllib.request.urlopen(f"{base}{script}") as answer:
            assert b"import" in answer.read()
        german = urllib.request.Request(f"{base}/login/", headers={"Accept-Language": "de"})
        with urllib.request.urlopen(german) as answer:
            assert '<html lang="de"' in answer.read().decode()
        with urllib.request.urlopen(f"{base}/readyz") as answer:
            assert json.load(answer)["ready"]
        # Its files are where it was started, not among the packages.
        assert (home / "var/db.sqlite3").is_file()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()
