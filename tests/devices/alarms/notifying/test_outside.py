"""Requests of ours lead nowhere into our own networks, and no further than they were sent."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from devices.alarms.notifying import outside
from devices.alarms.notifying.errors import NotSent
from tests.support.sinks import WebSink, web_sink


@pytest.fixture
def sink() -> Iterator[WebSink]:
    with web_sink() as server:
        yield server


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.0"),
        *("::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "fe80::1%eth0"),
    ],
)
def test_what_is_inside_is_refused(address: str, settings: Any) -> None:
    assert not outside.is_outside(address)
    settings.NOTIFY_NETWORKS = ["0.0.0.0/0", "::/0"]
    assert outside.is_outside(address)


def test_the_internet_is_outside() -> None:
    assert outside.is_outside("9.9.9.9")
    assert outside.is_outside("2620:fe::fe")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433"])
def test_however_this_machine_is_spelled(sink: WebSink, host: str) -> None:
    with pytest.raises(NotSent, match=r"NOTIFY_NETWORKS|not known"):
        outside.post(sink.url.replace("127.0.0.1", host), b"x", {})
    assert not sink.posts


def test_a_name_is_looked_up_once(
    sink: WebSink, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere the second time gets nobody inside."""
    settings.NOTIFY_NETWORKS = ["127.0.0.1/32"]
    real = socket.getaddrinfo
    asked: list[str] = []

    def known(host: str, port: int, *given: Any, **more: Any) -> Any:
        if host == "hook.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return real(host, port, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", known)
    assert outside.post(sink.url.replace("127.0.0.1", "hook.example"), b"x", {}) == 200
    assert asked == ["hook.example"]
    assert sink.posts[0][0]["Host"].startswith("hook.example")
    with pytest.raises(NotSent, match="inside"):
        outside.post(sink.url.replace("127.0.0.1", "hook.example"), b"x", {})


def test_a_redirect_is_an_answer_and_is_not_followed(sink: WebSink, settings: Any) -> None:
    settings.NOTIFY_NETWORKS = ["127.0.0.0/8"]
    sink.status, sink.headers = 302, {"Location": sink.url}
    with pytest.raises(NotSent, match="302"):
        outside.post(sink.url, b"x", {})
    assert len(sink.posts) == 1


def test_what_hangs_is_left_after_a_while(
    sink: WebSink, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOTIFY_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(outside, "SECONDS", 0.2)
    sink.let_go.clear()
    with pytest.raises(NotSent, match="timed out"):
        outside.post(sink.url, b"x", {})


@pytest.mark.parametrize(
    "url",
    [
        *("", "hook", "ftp://a.example/", "https://", "https://user:pw@a.example/"),
        *("https://a.example:99999/", "https://a.example/ x", "https://a.example/\r\nX: y"),
        *("https://[::1/", "file:///etc/passwd", "https://ä.example/"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(NotSent):
        outside.check(url)
