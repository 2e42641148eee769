"""`peers`: the same publisher against others that bring MQTT into Django or Node.js.

mqttasgi (PyPI) and, where npm is at hand, Node-RED receive and count: they store nothing
here, so their figure is the best they can do. Ours is `ingest`: committed, acknowledged.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.ingest import drain
from tests.bench.support.fast_publisher import Load
from tests.support import services
from tests.support.services import free_port, wait_until
from tests.support.stack import Plant, whole_plant

OURS, THEIRS = 100_000, 20_000
SECONDS = 60.0
_CONSUMER = """
import json, os, pathlib
os.environ["DJANGO_SETTINGS_MODULE"] = "peer_settings"
import django; django.setup()
from mqttasgi.consumers import MqttConsumer

class Counter(MqttConsumer):
    number = 0
    async def connect(self):
        await self.subscribe("devices/+/telemetry", 1)
        pathlib.Path("ready").touch()
    async def receive(self, message):
        json.loads(message["payload"])
        Counter.number += 1
        if Counter.number % 50 == 0:
            pathlib.Path("count").write_text(str(Counter.number))
    async def disconnect(self):
        pass

application = Counter.as_asgi()
"""
_SETTINGS = 'SECRET_KEY = "x"\nINSTALLED_APPS = ["channels"]\nCHANNEL_LAYERS = {"default": '
_SETTINGS += '{"BACKEND": "channels.layers.InMemoryChannelLayer"}}\n'


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        plant.worker()
        ours = drain(plant, OURS)["packets_per_s"]
        plant.stop()
        found = [{"peer": "iotbridge", "does": "stores", "packets_per_s": ours}]
        for name, measure in (("mqttasgi", _mqttasgi), ("node-red", _node_red)):
            with services.folder("peer") as folder:
                found.append({"peer": name, "does": "receives", **measure(plant, folder)})
        return found


def _rate(
    plant: Plant, count: Path, ready: Path, process: subprocess.Popen[bytes]
) -> dict[str, Any]:
    """Publish, and read how many the peer has counted once it stops counting."""
    try:
        wait_until(ready.exists, "the peer to subscribe", 60)
        time.sleep(1)
        load = Load(plant.broker.port, THEIRS)
        started, last, at = time.perf_counter(), 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS and time.perf_counter() - at < 5:
            number = int(count.read_text() or 0) if count.exists() else 0
            if number != last:
                last, at = number, time.perf_counter()
            time.sleep(0.05)
        load.stop()
        rate = last / max(0.001, at - started)
        return {"packets_per_s": round(rate), "received": last, "published": THEIRS}
    finally:
        process.kill()
        process.wait()


def _mqttasgi(plant: Plant, folder: Path) -> dict[str, Any]:
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    pip = [str(folder / "venv/bin/pip"), "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "mqttasgi"], check=True, stderr=subprocess.DEVNULL)
    version = subprocess.run(
        [str(folder / "venv/bin/pip"), "show", "mqttasgi"],
        capture_output=True, text=True, check=True,
    ).stdout.split("Version: ")[1].split()[0]  # fmt: skip
    (folder / "peer.py").write_text(_CONSUMER)
    (folder / "peer_settings.py").write_text(_SETTINGS)
    command = [str(folder / "venv/bin/mqttasgi"), "-H", "127.0.0.1", "-p", str(plant.broker.port)]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)}
    process = subprocess.Popen(
        [*command, "peer:application"], cwd=folder, env=env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return {"version": version, **_rate(plant, folder / "count", folder / "ready", process)}


def _node_red(plant: Plant, folder: Path) -> dict[str, Any]:
    if shutil.which("npm") is None:
        return {"left_out": "npm is missing"}
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "node-red"]
    subprocess.run(install, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    package = json.loads((folder / "node_modules/node-red/package.json").read_text())
    code = (
        "const n = (context.get('n') || 0) + 1; context.set('n', n);"
        f"if (n % 50 == 0) fs.writeFileSync('{folder}/count', String(n)); return null;"
    )
    flows = [
        {"id": "t", "type": "tab", "label": "bench"},
        {"id": "b", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(plant.broker.port),
         "clientid": "peer", "protocolVersion": "4", "keepalive": "60", "cleansession": True,
         "autoConnect": True},
        {"id": "i", "z": "t", "type": "mqtt in", "topic": "devices/+/telemetry", "qos": "1",
         "datatype": "json", "broker": "b", "wires": [["f"]]},
        {"id": "f", "z": "t", "type": "function", "func": code, "outputs": 0,
         "libs": [{"var": "fs", "module": "fs"}], "wires": []},
    ]  # fmt: skip
    (folder / "flows.json").write_text(json.dumps(flows))
    (folder / "settings.js").write_text(
        f"module.exports = {{uiPort: {free_port()}, uiHost: '127.0.0.1', "
        "functionExternalModules: true, flowFile: 'flows.json'}"
    )
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*("node", "node_modules/node-red/red.js", "-u", str(folder))],
            cwd=folder, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    ready = _Says(log, "Connected to broker")
    return {"version": package["version"], **_rate(plant, folder / "count", ready, process)}  # type: ignore[arg-type]


class _Says:
    """Exists once a log says something."""

    def __init__(self, log: Path, words: str) -> None:
        self._log, self._words = log, words

    def exists(self) -> bool:
        return self._words in self._log.read_text(errors="replace")
