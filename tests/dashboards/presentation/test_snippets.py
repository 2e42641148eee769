"""Commands to copy: they reach the broker, with what it asks for."""

import shlex
from typing import Any

import pytest
from django.test import RequestFactory

from dashboards.presentation import snippets
from dashboards.presentation.snippets import BrokerAddress


@pytest.fixture
def request_at(settings: Any) -> Any:
    settings.ALLOWED_HOSTS = ["*"]
    return lambda host: RequestFactory().get("/", headers={"host": host})


def test_a_command_is_quoted_and_logs_in_where_that_is_asked() -> None:
    words = shlex.split(BrokerAddress("h", 8883, tls=True, asks=True).command("devices/a b'/x"))
    assert words[words.index("-t") + 1] == "devices/a b'/x"
    assert {"-u", "-P", "--tls-use-os-certs"} <= set(words)
    plain = BrokerAddress("h", 1883).command("devices/a/telemetry")
    assert plain.startswith("mosquitto_pub -h h -p 1883 -q 1 -t devices/a/telemetry -m '{")


@pytest.mark.parametrize("asks", [True, False])
def test_a_program_compiles_whatever_the_device_is_called(asks: bool) -> None:
    program = BrokerAddress("::1", 1883, tls=asks, asks=asks).program('Kü"che\\')
    compile(program, "program", "exec")
    assert ("username_pw_set" in program) is asks
    assert ("tls_set" in program) is asks


@pytest.mark.parametrize(
    ("bind", "password", "asks"),
    [("127.0.0.1", "x", False), ("0.0.0.0", "x", True), ("::", "x", True), ("0.0.0.0", "", False)],
)
def test_the_embedded_broker_asks_where_it_is_open(
    request_at: Any, settings: Any, bind: str, password: str, asks: bool
) -> None:
    settings.STANDALONE, settings.MQTT_URL_GIVEN = True, False
    settings.MQTT_BIND, settings.MQTT_PASSWORD = bind, password
    found = snippets.broker(request_at("[fd00::1]:8000"))
    assert (found.host, found.asks) == ("fd00::1", asks)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://127.0.0.1:1884", ("plant.lan", 1884, False, False)),
        ("mqtt://mosquitto", ("plant.lan", 1883, False, False)),
        ("mqtts://u:p@broker.example", ("broker.example", 8883, True, True)),
        ("mqtt://[fd00::2]:1883", ("fd00::2", 1883, False, False)),
    ],
)
def test_another_broker(
    request_at: Any, settings: Any, url: str, expected: tuple[Any, ...]
) -> None:
    settings.STANDALONE, settings.MQTT_URL = False, url
    found = snippets.broker(request_at("plant.lan"))
    assert (found.host, found.port, found.tls, found.asks) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://u:p@b.example mqtt://c.example:1", ("b.example", 1883, False, True)),
        ("ws://b.example/mqtt", ("b.example", 1883, False, False)),
        ("wss://b.example:9001", ("b.example", 8883, True, False)),
    ],
)
def test_the_first_address_is_what_devices_are_told(
    url: str, expected: tuple[str, int, bool, bool], settings: Any, request_at: Any
) -> None:
    settings.STANDALONE, settings.MQTT_URL = False, url
    found = snippets.broker(request_at("here"))
    assert (found.host, found.port, found.tls, found.asks) == expected
