"""Packets that are cheap to send and would take long to read: none may hold the loop."""

import json
import time
from typing import Any

import pytest

from devices.imports import numbers
from mqtt_ingest.core import conventions, kit
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.router import Route
from tests.mqtt_ingest.core.conventions.test_golden import GOLDEN
from tests.support.factories import ARRIVAL
from tests.support.services import PATIENCE

# What the largest packet may take, on a slow machine, beside others.
SECONDS = 2.0 * PATIENCE
_LONG = 200_000
_MARKS = "\u0301" * 20_000 + "\u0316" * 20_000
PAYLOADS: dict[str, bytes] = {
    "digits": b"1" * _LONG + b"x",
    "digits in an object": b'{"a": ' + b"1" * _LONG + b"x}",
    "digits in quotes": b'{"a": "' + b"1" * _LONG + b'x"}',
    "a number without end": b'{"a": 0.' + b"1" * _LONG + b"}",
    "signs": b"+-" * (_LONG // 2),
    "blanks": b" " * _LONG + b"x",
    "commas": b"," * _LONG,
    "equals": b"a=" * (_LONG // 2),
    "points": b"a,b=c d=" + b"1" * _LONG + b"x 1",
    "escapes": b"\\ " * (_LONG // 2),
    "quotes": b'a b="' + b'\\"' * (_LONG // 2),
    "marks in a name": json.dumps(
        {"a" + _MARKS: {str(n): 1 for n in range(50)}}, ensure_ascii=False
    ).encode(),
    "marks in a text": json.dumps({"a": _MARKS, "name": _MARKS}, ensure_ascii=False).encode(),
    "lists": b"[" * 50_000,
    "objects": b'{"a":' * 50_000,
    "a time": b'{"ts": "' + b"2025-11-20T00:00:0" * 9_000 + b'", "a": 1}',
}
TOPICS = {"marks": "a" + _MARKS, "levels": "a/" * 30_000 + "b", "digits": "1" * 60_000}


def router_of(name: str) -> Router:
    golden: dict[str, Any] = {"influx_line": {"filters": ["telegraf/#"]}}
    made = conventions.make(name, golden.get(name))
    return Router([Route("s", made, Limits(), ("#",))])


def seconds_of(router: Router, topic: str, payload: bytes) -> float:
    began = time.perf_counter()
    decode(Packet(topic, payload, ARRIVAL, 1), router)
    return time.perf_counter() - began


@pytest.mark.parametrize("name", conventions.names())
def test_no_payload_holds_a_convention(name: str) -> None:
    router = router_of(name)
    topics = {packet.topic for packet in kit.load(GOLDEN / f"{name}.json").packets}
    slow = {
        (topic, what): took
        for topic in topics
        for what, payload in PAYLOADS.items()
        for took in [seconds_of(router, topic, payload)]
        if took > SECONDS
    }
    assert slow == {}


@pytest.mark.parametrize("what", TOPICS)
def test_no_topic_holds_anything(what: str) -> None:
    for prefix in ("devices/", "", "tele/", "homie/"):
        for suffix in ("/telemetry", "", "/SENSOR"):
            router = router_of("native")
            assert seconds_of(router, prefix + TOPICS[what] + suffix, b'{"a": 1}') < SECONDS


def test_what_a_payload_calls_its_device_is_looked_at_first() -> None:
    made = conventions.make(
        "templates", {"templates": [{"topic": "x", "device": "x", "device_path": "id"}]}
    )
    router = Router([Route("s", made, Limits(), ("#",))])
    payload = json.dumps({"id": _MARKS, "t": 1}, ensure_ascii=False).encode()
    began = time.perf_counter()
    entry = decode(Packet("x", payload, ARRIVAL, 1), router)
    assert (entry.reason, time.perf_counter() - began < SECONDS) == ("key_too_long", True)


@pytest.mark.parametrize("decimal", [".", ","])
def test_no_cell_of_a_file_holds_an_import(decimal: str) -> None:
    began = time.perf_counter()
    for text in ("1" * _LONG + "x", "1," * (_LONG // 2), "0" * _LONG, "1'000" * 40_000):
        numbers.number(text, decimal)
        numbers.doubt(text, decimal, ";")
    assert time.perf_counter() - began < SECONDS
