"""`standalone`: one process, real MQTT, nothing acknowledged before it is stored."""

import json
import re
import signal
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
import trustme
from paho.mqtt.enums import CallbackAPIVersion
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.support.browser import Watched, chromium
from tests.support.services import free_port, wait_until
from tests.support.standalone_stack import Standalone

# Needs no service, but takes its time: left out of `make test-fast`.
pytestmark = pytest.mark.services


@pytest.mark.parametrize("qos", [1, 2])
def test_what_is_acknowledged_is_stored_even_after_kill_9(standalone: Standalone, qos: int) -> None:
    standalone.start(MQTT_REGISTRATION="accept")
    client = standalone.client()
    acknowledged = []
    for n in range(60):
        info = client.publish("devices/a/telemetry", json.dumps({"n": n}), qos)
        info.wait_for_publish(10)
        assert info.is_published()
        acknowledged.append(n)
    standalone.stop(signal.SIGKILL)
    client.loop_stop()
    stored = [
        value for (value,) in standalone.rows("SELECT value FROM devices_reading ORDER BY ts")
    ]
    assert stored == acknowledged


def test_restarting_keeps_everything(standalone: Standalone) -> None:
    first = standalone.start(MQTT_REGISTRATION="accept")
    login = re.search(r"Login: admin / (\S+)", first)
    client = standalone.client()
    client.publish("devices/a/telemetry", '{"t": 1}', 1).wait_for_publish(10)
    client.publish("devices/a/status", "online", 1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    assert standalone.stop() == 0
    second = standalone.start(MQTT_REGISTRATION="accept")
    assert re.search(r"Login: admin / (\S+)", second).group(1) == login.group(1)  # type: ignore[union-attr]
    assert standalone.rows() == [(1,)]
    assert (standalone.folder / "secret_key").stat().st_mode & 0o777 == 0o600
    heard: list[bytes] = []
    listener = standalone.client("listener")
    listener.on_message = lambda _c, _u, message: heard.append(message.payload)
    listener.subscribe("devices/+/status", 1)
    wait_until(lambda: heard == [b"online"], "the retained status")
    listener.disconnect()
    listener.loop_stop()


def test_a_last_will_takes_the_device_offline(standalone: Standalone) -> None:
    standalone.start(MQTT_REGISTRATION="accept")
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.will_set("devices/a/status", "offline", 1, retain=True)
    client.connect("127.0.0.1", standalone.mqtt)
    client.loop_start()
    client.publish("devices/a/status", "online", 1).wait_for_publish(10)
    client.loop_stop()
    sock = client.socket()
    assert sock is not None
    sock.close()
    status = "SELECT status FROM devices_device"
    wait_until(lambda: standalone.rows(status) == [("offline",)], "the last will", 20)


@pytest.mark.browser
def test_the_demo_and_a_device_that_joins(standalone: Standalone) -> None:
    printed = standalone.start("--demo")
    password = re.search(r"Login: admin / (\S+)", printed).group(1)  # type: ignore[union-attr]
    devices = standalone.rows("SELECT pending, count(*) FROM devices_device GROUP BY pending")
    assert devices == [(0, 11), (1, 1)]
    history = "SELECT count(DISTINCT ts) FROM devices_reading WHERE series_id = 1"
    assert int(str(standalone.rows(history)[0][0])) >= 1_430
    with chromium() as browser:
        page = Watched(browser, standalone.base, viewport={"width": 390, "height": 800})
        page.log_in("admin", password)
        page.wait_live()
        assert page.page.inner_text("#pending-count") == "1"
        client = standalone.client()
        client.publish("devices/my-sensor/telemetry", '{"temperature": 21.5}', 1)
        page.wait("!!document.querySelector('[data-device=my-sensor]')", seconds=3)
        page.wait(
            "document.querySelector('[data-device=my-sensor] .value b').textContent === '21.5'"
        )
        page.shot("overview-phone")
        wide = "document.documentElement.scrollWidth <= window.innerWidth"
        assert page.page.evaluate(wide)
        client.disconnect()
        client.loop_stop()
        assert page.problems == []
        assert page.foreign == []
    wait_until(
        lambda: standalone.rows("SELECT reason FROM mqtt_ingest_deadletter") == [("not_json",)],
        "the confused device's nonsense",
        40,
    )
    assert "Traceback" not in standalone.process.text()  # type: ignore[union-attr]


def test_the_empty_overview_lights_up_with_the_first_packet(standalone: Standalone) -> None:
    printed = standalone.start()
    password = re.search(r"Login: admin / (\S+)", printed).group(1)  # type: ignore[union-attr]
    with chromium() as browser:
        page = Watched(browser, standalone.base)
        page.log_in("admin", password)
        page.wait_live()
        assert "Waiting for the first packet" in page.page.inner_text("#first-words")
        client = standalone.client()
        client.publish("devices/my-sensor/telemetry", '{"t": 1}', 1).wait_for_publish(10)
        page.wait("document.getElementById('pending-count').textContent === '1'", seconds=5)
        page.wait("document.getElementById('first-light').dataset.light === 'received'", seconds=15)
        page.shot("first-device")
        client.disconnect()
        client.loop_stop()


def test_what_no_source_wants_is_passed_on_and_is_no_dead_letter(standalone: Standalone) -> None:
    standalone.start(MQTT_REGISTRATION="accept")
    heard: list[str] = []
    listener, client = standalone.client("listener"), standalone.client()
    listener.on_message = lambda _c, _u, message: heard.append(message.topic)
    granted: list[object] = []
    listener.on_subscribe = lambda *_given: granted.append(True)
    listener.subscribe("#", 1)
    wait_until(lambda: granted, "the subscription")
    for topic in ("home/lamp/set", "devices/a/commands/1", "devices/a/telemetry"):
        for qos in (0, 1, 2):
            client.publish(topic, '{"t": 1}', qos).wait_for_publish(10)
    wait_until(lambda: len(heard) >= 9, "what others publish")
    wait_until(lambda: standalone.rows() == [(1,)] or standalone.rows() == [(3,)], "readings")
    assert standalone.rows("SELECT count(*) FROM mqtt_ingest_deadletter") == [(0,)]
    for one in (listener, client):
        one.disconnect()
        one.loop_stop()


def test_it_listens_on_ipv6_alone(standalone: Standalone) -> None:
    binds = {"HTTP_BIND": "[::1]", "MQTT_BIND": "::1", "WORKER_HTTP_BIND": "::1"}
    printed = standalone.start(MQTT_REGISTRATION="accept", **binds)
    assert f"Ready: http://[::1]:{standalone.http}/" in printed
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("::1", standalone.mqtt)
    client.loop_start()
    client.publish("devices/a/telemetry", '{"t": 1}', 1).wait_for_publish(10)
    assert standalone.rows() == [(1,)]
    tail = standalone.manage("tail", "--count", "1", **binds)
    assert "devices/a/telemetry" in tail
    client.disconnect()
    client.loop_stop()


def test_a_password_that_begins_with_a_dollar_is_asked(standalone: Standalone) -> None:
    printed = standalone.start(MQTT_PASSWORD="$ecret123", MQTT_BIND="0.0.0.0", HTTP_BIND="0.0.0.0")
    assert "MQTT password (any user name): $ecret123" in printed


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"MQTT_BIND": "::"}, "MQTT_BIND is ::, but without MQTT_PASSWORD nobody"),
        ({"MQTT_TLS_CERT_FILE": "/none.crt"}, "Of MQTT_TLS_CERT_FILE and MQTT_TLS_KEY_FILE only"),
        (
            {"MQTT_TLS_CERT_FILE": "/none.crt", "MQTT_TLS_KEY_FILE": "/none.key"},
            "MQTT_TLS_CERT_FILE /none.crt and MQTT_TLS_KEY_FILE /none.key cannot be used: ",
        ),
        ({"MQTT_MAX_CONNECTIONS": "many"}, "MQTT_MAX_CONNECTIONS is 'many'. It must be a whole"),
    ],
)
def test_a_broker_that_is_set_up_wrongly_does_not_start(
    standalone: Standalone, env: dict[str, str], words: str
) -> None:
    with pytest.raises(AssertionError, match=re.escape(words)):
        standalone.start(**env)


def test_devices_by_tls_and_tools_by_websocket(standalone: Standalone, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "broker.pem"
    )
    tls, pem = free_port(), str(tmp_path / "broker.pem")
    standalone.start(
        MQTT_REGISTRATION="accept", MQTT_PASSWORD="Schlüssel", MQTT_TLS_PORT=str(tls),
        MQTT_TLS_CERT_FILE=pem, MQTT_TLS_KEY_FILE=pem,
    )  # fmt: skip
    device = mqtt.Client(CallbackAPIVersion.VERSION2, "device", protocol=mqtt.MQTTv5)
    device.tls_set(str(tmp_path / "ca.pem"))
    device.connect("127.0.0.1", tls)
    device.loop_start()
    device.publish("devices/a/telemetry", '{"t": 1}', 1).wait_for_publish(10)
    page = f"http://127.0.0.1:{standalone.http}"
    assert _by_websocket(standalone, page, "Schlüssel") == "Success"
    assert _by_websocket(standalone, page, "wrong") == "Bad user name or password"
    assert _by_websocket(standalone, page, None) == "Bad user name or password"
    with pytest.raises(InvalidStatus, match="403"):
        connect(
            f"ws://127.0.0.1:{standalone.http}/mqtt",
            origin=Origin("http://elsewhere.example"),
            subprotocols=[Subprotocol("mqtt")],
        )
    assert standalone.rows() == [(2,)]
    device.disconnect()
    device.loop_stop()


def _by_websocket(standalone: Standalone, origin: str, password: str | None) -> str:
    """Publish a reading as a page of `origin` may; return how that was answered."""
    answers: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "tool", transport="websockets")
    client.ws_set_options("/mqtt", {"Origin": origin})
    if password is not None:
        client.username_pw_set("anybody", password)
    client.on_connect = lambda _c, _u, _flags, reason, _p: answers.append(str(reason))
    client.connect("127.0.0.1", standalone.http)
    client.loop_start()
    wait_until(lambda: answers, "an answer")
    if answers[0] == "Success":
        client.publish("devices/b/telemetry", '{"t": 1}', 1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    return answers[0]
