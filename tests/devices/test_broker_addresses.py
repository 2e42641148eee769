"""What people write as a broker's address is understood, or refused by what is wrong with it."""

import pytest

from devices.broker_addresses import Addresses, BadAddress, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt://b.example", Addresses("mqtt", (("b.example", 1883),))),
        ("b.example", Addresses("mqtt", (("b.example", 1883),))),
        ("192.168.1.10:1999", Addresses("mqtt", (("192.168.1.10", 1999),))),
        ("mqtts://b", Addresses("mqtts", (("b", 8883),))),
        ("MQTT://B.example", Addresses("mqtt", (("b.example", 1883),))),
        ("ws://b", Addresses("ws", (("b", 80),), "/mqtt")),
        ("wss://b/feed?x=1", Addresses("wss", (("b", 443),), "/feed?x=1")),
        ("mqtt://[fe80::1]:1884", Addresses("mqtt", (("fe80::1", 1884),))),
        ("mqtt://me:p%40ss%3A@b", Addresses("mqtt", (("b", 1883),), "/mqtt", "me", "p@ss:")),
        ("mqtt://me@b", Addresses("mqtt", (("b", 1883),), "/mqtt", "me")),
        ("mqtt://b/", Addresses("mqtt", (("b", 1883),))),
        (
            " mqtt://u:p@a  mqtt://b:1\nmqtt://a",
            Addresses("mqtt", (("a", 1883), ("b", 1)), "/mqtt", "u", "p"),
        ),
    ],
)
def test_an_address_is_read(text: str, expected: Addresses) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "for example mqtt://"),
        ("http://b", "begins with mqtt://, mqtts://, ws://, wss://"),
        ("mqtt://", "names a host"),
        ("mqtt://b:0", "names a host"),
        ("mqtt://b:99999", "Port out of range"),
        ("mqtt://b:x", "no address"),
        ("mqtt://fe80::1", "in brackets"),
        ("mqtt://b/path", "has no path"),
        ("mqtt://a%252fb", "is no name of a host"),
        ("mqtt://a%2fb", "is no name of a host"),
        ("mqtt://a%00b", "is no name of a host"),
        ("mqtt://a%20b", "is no name of a host"),
        ("mqtt://u%00:p@c", "no control characters"),
        ("mqtt://u:a/b@c", "/ as %2F"),
        ("mqtt://u:50%@c", "% as %25"),
        ("mqtt://a mqtts://b", "begin alike"),
        ("ws://a/x ws://b/y", "one path"),
        ("mqtt://u:p@a mqtt://u:q@b", "one user and password"),
    ],
)
def test_what_is_none_says_why(text: str, words: str) -> None:
    with pytest.raises(BadAddress, match=words.replace("?", r"\?")) as error:
        parse(text)
    assert words in error.value.translated


def test_people_read_addresses_without_the_password() -> None:
    found = parse("wss://me:secret@b.example/feed wss://[::1]:8443/feed")
    assert found.text == "wss://b.example:443/feed wss://[::1]:8443/feed"
    assert parse(found.text).hosts == found.hosts
    assert parse(found.text).text == found.text
