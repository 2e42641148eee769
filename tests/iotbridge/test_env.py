"""Settings from the environment, as they stand and checked."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from devices.addresses import from_here, in_url
from iotbridge import env


@pytest.mark.parametrize("value", ["$ecret123", "$HOME", "p@ss/wörd#1", "a b", "{x}", "%41"])
def test_a_value_is_taken_as_it_stands(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", value)
    assert env.text("MQTT_PASSWORD") == value


def test_a_value_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "secret").write_text("$ecret\n")
    monkeypatch.setenv("MQTT_PASSWORD_FILE", str(tmp_path / "secret"))
    assert env.text("MQTT_PASSWORD") == "$ecret"


@pytest.mark.parametrize(
    ("raw", "host", "password"),
    [
        ("postgres://u:p%40ss%2Fw%C3%B6rd%231@db:5433/iot", "db", "p@ss/wörd#1"),
        ("postgres://u:p@ss@db:5433/iot", "db", "p@ss"),
        ("postgres://u:wörd@[::1]:5433/iot", "::1", "wörd"),
        ("postgres://u@db:5433/iot", "db", ""),
    ],
)
def test_urls_of_databases(raw: str, host: str, password: str) -> None:
    found = env.database("DATABASE_URL", raw)
    assert (found["HOST"], found["PASSWORD"] or "", found["PORT"]) == (host, password, 5433)


@pytest.mark.parametrize(
    "raw",
    [
        "postgres://u:p@ss/wörd#1@h/d",
        "postgres://u:p/w@h/d",
        "postgres://u:p?w@h/d",
        "postgres://u:p#w@h/d",
        "postgres://u:p[w@h/d",
        "postgres://u:100%@h/d",
        "postgres://a/b:p@h/d",
    ],
)
def test_a_password_that_is_not_encoded_is_named(raw: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="user or password in DATABASE_URL") as told:
        env.check_encoding("DATABASE_URL", raw)
    assert "w" not in str(told.value).partition("Write ")[2].replace("wörd", "")


@pytest.mark.parametrize(
    "raw", ["redis://h:1/0", "postgres:///d?host=/run/pg", "mqtt://h", "mqtt://u:a%2Fb@h"]
)
def test_other_urls_are_left_alone(raw: str) -> None:
    env.check_encoding("X", raw)


@pytest.mark.parametrize(
    ("raw", "host"),
    [("::1", "::1"), ("[::1]", "::1"), ("fe80::1%eth0", "fe80::1%eth0"), ("0.0.0.0", "0.0.0.0"),
     ("localhost", "localhost"), ("sensor-hub.lan", "sensor-hub.lan")],
)  # fmt: skip
def test_addresses(monkeypatch: pytest.MonkeyPatch, raw: str, host: str) -> None:
    monkeypatch.setenv("HTTP_BIND", raw)
    assert env.address("HTTP_BIND", "127.0.0.1") == host


@pytest.mark.parametrize("raw", ["1.2.3.4:80", "[::1]:80", "300.1.1.1", "http://x", "a b", "::g"])
def test_what_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("HTTP_BIND", raw)
    with pytest.raises(ImproperlyConfigured, match="HTTP_BIND"):
        env.address("HTTP_BIND", "127.0.0.1")


def test_addresses_in_urls() -> None:
    assert in_url("fe80::1%eth0") == "[fe80::1%25eth0]"
    assert in_url("10.0.0.1") == "10.0.0.1"
    assert [from_here(bind) for bind in ("0.0.0.0", "::", "10.0.0.1")] == [
        "127.0.0.1", "::1", "10.0.0.1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("mqtt://::1:1883", "brackets"),
        ("mqtt://u:p@fe80::1:1883", "brackets"),
        ("mqtt://::1", "brackets"),
        ("mqtt://h:99999", "Port out of range"),
        ("http://h", "start with mqtt://"),
        ("mqtt://", "name a host"),
    ],
)
def test_an_url_that_cannot_be_used_says_why(
    raw: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_URL", raw)
    with pytest.raises(ImproperlyConfigured, match="SOME_URL is not a URL") as told:
        env.url("SOME_URL", "", ("mqtt", "mqtts"), "mqtt://127.0.0.1:1883")
    assert why in str(told.value)


@pytest.mark.parametrize("raw", ["mqtt://[::1]:1883", "mqtt://u:a:b@h:1/x:y:z", "mqtts://h"])
def test_urls_that_can_be_used(raw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", raw)
    assert env.url("SOME_URL", "", ("mqtt", "mqtts"), "") == raw
