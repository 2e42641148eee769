"""compose.yaml holds what it says: the same commands, environment and files as host processes.

No container engine is needed: names of services become loopback ports.
"""

import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion
from websockets.sync.client import connect

from tests.support import services
from tests.support.services import DEPLOY, ROOT, free_port, wait_until
from tests.support.stack import Plant, Process

pytestmark = pytest.mark.services
SECRETS = {
    "SECRET_KEY": "only-for-tests-and-long-enough-to-be-a-key",
    "POSTGRES_PASSWORD": "pw",
    "MQTT_PASSWORD": "5d3b1c",
    "MQTT_DEVICE_PASSWORD": "7e9f2a",
    "SITE_HOST": "localhost",
}


def compose() -> dict[str, Any]:
    text = (ROOT / "compose.yaml").read_text()

    def fill(match: re.Match[str]) -> str:
        name, _, default = match.group(1).partition(":")
        return SECRETS.get(name, default.lstrip("-"))

    return dict(yaml.safe_load(re.sub(r"\$\{([^}]+)\}", fill, text))["services"])


@pytest.fixture
def guarded(plant: Plant) -> Iterator[Plant]:
    """The plant with a broker that asks for passwords, as the shipped one does."""
    users = {"iotbridge": SECRETS["MQTT_PASSWORD"], "devices": SECRETS["MQTT_DEVICE_PASSWORD"]}
    with services.mosquitto(passwords=users) as broker:
        plant.broker = broker
        yield plant
        plant.stop()


def device(plant: Plant, user: str = "devices", **options: Any) -> mqtt.Client:
    """Return a client that is connected, or has been refused."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, **options)
    if user:
        names = {"devices": "MQTT_DEVICE_PASSWORD", "iotbridge": "MQTT_PASSWORD"}
        client.username_pw_set(user, SECRETS[names[user]])
    client.connect("127.0.0.1", plant.broker.port)
    client.loop_start()
    return client


class Hosts:
    """Where the services of compose.yaml are on this machine."""

    def __init__(self, plant: Plant) -> None:
        self.web, self.http, self.https = free_port(), free_port(), free_port()
        self.workers = {"9101": free_port(), "9102": free_port()}
        self._map = {
            "postgres://iotbridge@postgres:5432/iotbridge": plant.url,
            "redis:6379": f"127.0.0.1:{plant.layer.port}",
            "mosquitto:1883": f"127.0.0.1:{plant.broker.port}",
            "0.0.0.0": "127.0.0.1",
            "web:8000": f"127.0.0.1:{self.web}",
            "8000": str(self.web),
            "/data": str(plant.folder),
            **{port: str(here) for port, here in self.workers.items()},
        }

    def here(self, value: str) -> str:
        # In one pass: what one name became must not be taken for another name.
        names = sorted(self._map, key=len, reverse=True)
        pattern = "|".join(re.escape(name) for name in names)
        return re.sub(pattern, lambda match: self._map[match.group()], value)


def start(plant: Plant, hosts: Hosts, name: str) -> Process:
    service = compose()[name]
    command = [hosts.here(part) for part in service["command"]]
    command[0] = str(Path(sys.executable).with_name(command[0]))
    keep = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_CONFIG")
    env = {key: plant.env[key] for key in keep if key in plant.env}
    env |= {key: hosts.here(str(value)) for key, value in service["environment"].items()}
    process = Process(name, command, env, plant.folder)
    plant.processes.append(process)
    return process


def start_proxy(plant: Plant, hosts: Hosts) -> Process:
    nginx = services.find("nginx", "nginx-light")
    tls = plant.folder / "tls"
    tls.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(tls / "privkey.pem"), "-out", str(tls / "fullchain.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace("listen 80", f"listen 127.0.0.1:{hosts.http}")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{hosts.https} ssl")
    text = text.replace("${SITE_HOST}", SECRETS["SITE_HOST"])
    text = text.replace("/etc/nginx/tls", str(tls)).replace("web:8000", f"127.0.0.1:{hosts.web}")
    config = plant.folder / "nginx.conf"
    config.write_text(f"pid {plant.folder}/nginx.pid;\nerror_log {plant.folder}/error.log;\n{text}")
    process = Process("proxy", [nginx, "-c", str(config), "-g", "daemon off;"], {}, plant.folder)
    plant.processes.append(process)
    wait_until(lambda: services.listens(hosts.https), "the proxy")
    return process


def test_names_are_replaced_once() -> None:
    hosts = Hosts.__new__(Hosts)
    hosts._map = {"postgres:5432": "127.0.0.1:48000", "8000": "3"}
    assert hosts.here("postgres:5432/8000") == "127.0.0.1:48000/3"


def test_every_service_has_a_health_check_and_restarts() -> None:
    for name, service in compose().items():
        assert service["restart"], name
        assert "healthcheck" in service or name == "migrate", name


def test_no_service_has_more_of_the_machine_than_it_needs() -> None:
    for name, service in compose().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        # The proxy alone begins as root; our image and the others name somebody else.
        assert bool(service.get("cap_add")) == (name == "proxy"), name
        assert service.get("user") or name == "proxy" or service["image"].startswith("iotbridge")
    assert "USER iotbridge" in (ROOT / "Dockerfile").read_text()


def test_nothing_starts_without_its_secrets() -> None:
    text = (ROOT / "compose.yaml").read_text()
    example = (ROOT / ".env.example").read_text()
    for name in SECRETS.keys() - {"SITE_HOST"}:
        assert re.search(r"\$\{" + name + r":\?set " + name, text), name
        assert re.search(rf"(?m)^{name}=$", example), name


def test_the_broker_lets_in_whom_it_knows_and_no_further(guarded: Plant) -> None:
    worker, got = device(guarded, "iotbridge"), []
    worker.on_message = lambda *given: got.append(given[2].topic)
    stolen: list[str] = []
    thief = device(guarded)
    thief.on_message = lambda *given: stolen.append(given[2].topic)
    for client, name in ((worker, "#"), (thief, "#"), (thief, "$share/it/#"), (thief, "$SYS/#")):
        granted: list[bool] = []
        client.on_subscribe = lambda *_given, granted=granted: granted.append(True)
        client.subscribe(name, 1)
        wait_until(lambda granted=granted: granted, "the answer to a subscription")  # type: ignore[misc]
    refused: list[bool] = []
    stranger = device(guarded, "")
    stranger.on_connect = lambda *given: refused.append(given[3].is_failure)
    wait_until(lambda: refused, "the stranger to be refused")
    assert refused[0]
    sender = device(guarded)
    for topic in ("devices/a/telemetry", "zigbee2mqtt/lamp", "iotbridge/canary/forged"):
        sender.publish(topic, "{}", 1).wait_for_publish(10)
    sender.publish("devices/last/telemetry", "{}", 1).wait_for_publish(10)
    wait_until(lambda: "devices/last/telemetry" in got, "the worker to get it")
    assert got == ["devices/a/telemetry", "zigbee2mqtt/lamp", "devices/last/telemetry"]
    assert stolen == []
    for client in (worker, thief, stranger, sender):
        client.loop_stop()


def test_the_proxy_knows_its_own_name_alone(guarded: Plant) -> None:
    hosts = Hosts(guarded)
    start(guarded, hosts, "web")
    wait_until(lambda: services.listens(hosts.web), "the web process", 30)
    start_proxy(guarded, hosts)
    browser = Browser(hosts.https, guarded.folder / "tls" / "fullchain.pem")
    asked = [browser.send("/login/")[0] for _turn in range(14)]
    assert asked[:8] == [200] * 8
    assert 429 in asked
    with socket.create_connection(("127.0.0.1", hosts.http)) as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n")
        assert link.recv(100) == b""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", hosts.https)) as link,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(link, server_hostname="elsewhere")


def test_the_mounted_files_are_in_the_repository() -> None:
    for service in compose().values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./iotbridge"):
                assert (ROOT / source).is_file(), source


class Browser:
    """Keeps cookies, follows redirects, and knows our certificate."""

    def __init__(self, port: int, certificate: Path) -> None:
        context = ssl.create_default_context(cafile=certificate)
        handlers = HTTPSHandler(context=context), HTTPCookieProcessor()
        self._opener = build_opener(*handlers)
        self._base = f"https://localhost:{port}"

    def send(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        request = Request(f"{self._base}{path}", body, {"Referer": self._base, **headers})
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()


def _subscribed(plant: Plant) -> bool:
    names = plant.sql("SELECT filters::text FROM devices_writer WHERE name LIKE 'ingest-%'")
    return any(filters != "[]" for (filters,) in names)


def start_all(plant: Plant, hosts: Hosts) -> None:
    """Start what compose.yaml starts, in its order."""
    assert shutil.which("openssl"), "openssl is missing: apt-get install openssl"
    migrate = start(plant, hosts, "migrate")
    wait_until(lambda: migrate.returncode is not None, f"migrate: {migrate.log}", 60)
    assert migrate.returncode == 0, migrate.text()
    web = start(plant, hosts, "web")
    for name in ("worker-1", "worker-2"):
        start(plant, hosts, name)
    wait_until(lambda: services.listens(hosts.web), f"the web process {web.text()}", 30)
    start_proxy(plant, hosts)
    for port in hosts.workers.values():
        wait_until(lambda port=port: services.listens(port), "a worker's HTTP port", 30)  # type: ignore[misc]
    plant.sql("UPDATE devices_source SET registration = 'accept'")
    # Before a session is there, a broker keeps nothing for it.
    wait_until(lambda: _subscribed(plant), "a slot that has subscribed", 30)


def test_readings_go_from_mqtt_through_the_proxy_to_a_websocket(guarded: Plant) -> None:
    plant = guarded
    hosts = Hosts(plant)
    start_all(plant, hosts)
    client = device(plant)
    client.publish("devices/press-3/telemetry", '{"t": 0}', 1)
    wait_until(lambda: plant.count() == 1, "the first row", 30)
    plant.add_user()
    context = ssl.create_default_context(cafile=plant.folder / "tls" / "fullchain.pem")
    url = f"wss://localhost:{hosts.https}/ws/live/"
    with connect(url, ssl=context) as link:
        link.send(json.dumps({"t": "auth", "token": plant.token()}))
        link.send(json.dumps({"t": "sub", "id": 1, "keys": ["press-3/*"]}))
        until, seen = time.monotonic() + 20, 0.0
        client.publish("devices/press-3/telemetry", '{"t": 42}', 1)
        while seen != 42 and time.monotonic() < until:
            frame = json.loads(link.recv(timeout=20))
            values = [row[1] for rows in frame.get("d", {}).values() for row in rows]
            values += [v for cols in frame.get("cols", {}).values() for v in cols["value"]]
            seen = values[-1] if values else seen
    client.disconnect()
    assert seen == 42
    assert plant.count() == 2


def test_limits_agree_from_the_proxy_and_the_broker_to_us(guarded: Plant) -> None:
    plant = guarded
    hosts = Hosts(plant)
    start_all(plant, hosts)
    plant.add_user()
    browser = Browser(hosts.https, plant.folder / "tls" / "fullchain.pem")
    # A form, on a port that is not 443.
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)', browser.send("/login/")[1])
    assert token
    form = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": "secret-123"}
    filled = urlencode(form).encode()
    status, words = browser.send("/login/", filled, Origin="https://elsewhere")
    assert status == 403
    assert "CSRF_TRUSTED_ORIGINS=https://elsewhere" in words
    assert "<style" not in words
    status, words = browser.send("/login/", filled, Origin=f"https://localhost:{hosts.https}")
    assert (status, "logout" in words) == (200, True)
    # An upload above what the proxy takes elsewhere.
    row = b"2025-11-20T12:00:00Z,a,t,number,,1\n"
    lines = b"time,device,metric,kind,unit,value\n" + row * 500_000
    assert len(lines) > 16_000_000
    path, bearer = "/api/v1/imports?name=it.csv", f"Bearer {plant.token()}"
    assert browser.send(path, lines, Authorization=bearer)[0] == 201

    def send(size: int) -> bool:
        client, acknowledged = device(plant), []
        client.on_publish = lambda *_details: acknowledged.append(True)
        ended: list[bool] = []
        client.on_disconnect = lambda *_details: ended.append(True)
        client.publish("devices/big/telemetry", json.dumps({"text": "x" * size}), 1)
        wait_until(lambda: acknowledged or ended, "an answer")
        client.loop_stop()
        return bool(acknowledged)

    assert send(300_000)
    reasons = "SELECT reason FROM mqtt_ingest_deadletter"
    wait_until(lambda: plant.sql(reasons) == [("too_large",)], "the dead letter")
    assert not send(1_100_000)
