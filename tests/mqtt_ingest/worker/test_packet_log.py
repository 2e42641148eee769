"""The last packets: a ring of all, and a few of each device."""

import json
from typing import Any

import pytest

from mqtt_ingest.worker import packet_log
from mqtt_ingest.worker.packet_log import PacketLog
from tests.support.factories import make_entry


def add(log: PacketLog, device: str, payload: Any) -> None:
    log.add(make_entry(payload, f"devices/{device}/telemetry"))


def payloads(log: PacketLog, device: str) -> list[str]:
    return [packet["payload"] for packet in log.since(device=device)["packets"]]


def test_a_quiet_device_keeps_its_last_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_log, "CAPACITY", 10)
    monkeypatch.setattr(packet_log, "SORTED_EVERY", 5)
    log = PacketLog()
    for n in range(5):
        add(log, "Küche", f'{{"t": {n}}}')
    add(log, "Küche", "{")
    for n in range(50):
        add(log, "loud", f'{{"n": {n}}}')
    assert payloads(log, "K~C3~BCche") == ['{"t": 3}', '{"t": 4}', "{"]
    assert len(payloads(log, "loud")) == 10


def test_none_is_told_twice() -> None:
    log = PacketLog()
    for n in range(5):
        add(log, "a", f'{{"t": {n}}}')
    assert payloads(log, "a") == [f'{{"t": {n}}}' for n in range(5)]
    assert [p["number"] for p in log.since(3, device="a")["packets"]] == [4, 5]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_log, "MAX_BYTES", 20_000)
    monkeypatch.setattr(packet_log, "DEVICES", 5)
    monkeypatch.setattr(packet_log, "SORTED_EVERY", 5)
    log = PacketLog()
    for n in range(50):
        add(log, f"d{n}", f'{{"t": {n}}}')
    assert len(log._own) == 5
    for n in range(50):
        add(log, f"e{n}", '{"t": "' + "x" * 9_000 + '"}')
    assert log._bytes <= 20_000
    weights = [
        sum(entry.weigh() for _number, entry in own.newest_first) for own in log._own.values()
    ]
    assert log._bytes == sum(weights) == sum(own.weight for own in log._own.values())


def test_large_packets_push_older_ones_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_log, "MAX_BYTES", 100_000)
    log = PacketLog()
    add(log, "quiet", '{"n": 1}')
    for n in range(100):
        add(log, f"d{n % 3}", f'{{"t": "{"x" * 3_000}", "n": {n}}}')
    assert payloads(log, "quiet") == ['{"n": 1}']
    assert sum(entry.weigh() for _n, entry in log._entries) == log._weight <= 100_000


def test_many_small_values_weigh_more_than_their_payload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_log, "MAX_BYTES", 200_000)
    log = PacketLog()
    for n in range(20):
        add(log, f"d{n}", json.dumps({f"m{number}": 1 for number in range(500)}))
    assert len(log._entries) == 3
    for _number in range(packet_log.CAPACITY):
        add(log, "small", "{}")
    assert log._weight <= 200_000
