"""Sparkplug B beyond its golden file: limits, rebirths, and what may be asked for."""

import struct

import pytest

from mqtt_ingest.core.conventions.sparkplug import payload as payloads
from mqtt_ingest.core.conventions.sparkplug.convention import Sparkplug, SparkplugOptions
from mqtt_ingest.core.conventions.sparkplug.payload import members, read
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage
from tests.support.factories import make_packet
from tests.support.sparkplug import field, metric, varint

T0 = 1_763_600_000_000


def told(made: Sparkplug, kind: str, seq: int, *metrics: bytes, at: int = T0) -> DeviceMessage:
    data = field(1, at) + b"".join(field(2, one) for one in metrics) + field(3, seq)
    (message,) = made.decode(make_packet(f"spBv1.0/g/{kind}/n", data), Limits()) or ()
    return message


def test_a_rebirth_is_asked_for_where_packets_or_births_are_missing() -> None:
    made = Sparkplug(SparkplugOptions(rebirth=True))
    told(made, "NBIRTH", 255, metric("Speed", 5, alias=1, kind=3))
    told(made, "NDATA", 0, metric("", 6, alias=1))
    told(made, "NDATA", 0, metric("", 6, alias=1))
    assert made.requests == []
    told(made, "NDATA", 2, metric("", 7, alias=1))
    assert [one.topic for one in made.requests] == ["spBv1.0/g/NCMD/n"]
    (asked,) = read(made.requests[0].payload).metrics
    assert (asked.name, asked.value(None)) == ("Node Control/Rebirth", True)
    message = told(made, "NDATA", 3, metric("", 8, alias=1), metric("", 8, alias=9))
    assert message.bad == [("", "1 metrics by aliases that no birth has told")]
    assert len(made.requests) == 2
    silent = Sparkplug()
    with pytest.raises(Undecodable, match="no birth has told"):
        told(silent, "NDATA", 3, metric("", 8, alias=9))
    assert silent.requests == []


def test_a_new_birth_of_a_node_forgets_its_devices() -> None:
    made = Sparkplug()
    told(made, "NBIRTH", 0)
    made.decode(
        make_packet("spBv1.0/g/DBIRTH/n/d", field(2, metric("T", 1.5, alias=4)) + field(3, 1)),
        Limits(),
    )
    assert made.state.get("birth:g/n/d")
    told(made, "NBIRTH", 0)
    assert made.state.get("birth:g/n/d") is None


def test_changes_within_a_millisecond_are_told_apart() -> None:
    made = Sparkplug()
    times = [
        told(made, "NDATA", seq, metric("T", value, kind=10)).samples[0].ts
        for seq, value in ((1, 1.5), (2, 1.5), (3, 2.5))
    ]
    assert times == [T0 * 1_000, T0 * 1_000, T0 * 1_000 + 4]


def test_payloads_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Undecodable, match="bytes"):
        Sparkplug().decode(make_packet("spBv1.0/g/NDATA/n", b"x" * 11), Limits(payload_bytes=10))
    monkeypatch.setattr(payloads, "MAX_METRICS", 2)
    with pytest.raises(Undecodable, match="more than 2 metrics"):
        read(field(2, metric("a", 1)) * 3)


def test_a_value_that_is_cut_off_is_refused() -> None:
    (found,) = read(field(2, metric("T", kind=9, raw=b"\x65\0\0\0\0"))).metrics
    assert found.value(9) == 0.0
    (found,) = read(field(2, metric("T", kind=32, raw=field(16, b"1")))).metrics
    with pytest.raises(Undecodable, match="a value of type 32"):
        found.value(32)
    assert struct.calcsize("<I") == 4


def test_a_number_without_end_is_refused() -> None:
    with pytest.raises(Undecodable, match="cut off"):
        read(b"\x08" + b"\xff" * 11)


def test_templates_are_nested_so_deep_and_definitions_are_no_instances(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inner = metric("m", kind=19, raw=field(18, field(2, metric("T", 1.5))))
    outer = metric("o", kind=19, raw=field(18, field(2, inner)))
    assert [one.name for one in members(read(field(2, outer)).metrics[0])] == ["o/m/T"]
    definition = metric("o", kind=19, raw=field(18, field(5, 1) + field(2, inner)))
    assert list(members(read(field(2, definition)).metrics[0])) == []
    monkeypatch.setattr(payloads, "MAX_NESTING", 1)
    with pytest.raises(Undecodable, match="nested more than 1"):
        list(members(read(field(2, outer)).metrics[0]))


def test_types_of_a_data_set_may_be_packed() -> None:
    row = field(1, field(1, 7)) + field(1, field(1, 8))
    table = field(2, "a") + field(2, "b") + field(3, varint(3) + varint(7)) + field(4, row)
    (found,) = read(field(2, metric("t", kind=16, raw=field(17, table)))).metrics
    assert [(one.name, one.datatype) for one in members(found)] == [("t/0/a", 3), ("t/0/b", 7)]


def test_properties_without_a_value_say_nothing() -> None:
    told = field(1, "engUnit") + field(2, field(1, 12) + field(2, 1)) + field(7, 1)
    (found,) = read(field(2, metric("T", 1.5) + field(9, told))).metrics
    assert found.properties == {}
