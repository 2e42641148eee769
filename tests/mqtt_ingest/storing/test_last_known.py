"""What brokers keep without a time is stored beside readings, and never as one."""

from typing import Any

import pytest

from devices.models import Device, DeviceDescription, LastKnown, Reading, Source
from mqtt_ingest import conf
from mqtt_ingest.core.pipeline import Router, decode
from tests.mqtt_ingest.storing.test_slot_writer import make_writer, store
from tests.support.factories import make_entry, make_packet

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture(autouse=True)
def _accepting(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


def known() -> list[tuple[str, str, str, Any]]:
    rows = LastKnown.objects.order_by("device__key", "metric")
    return [
        (row.device.key, row.metric, row.kind, row.text if row.value is None else row.value)
        for row in rows
    ]


def test_the_last_of_each_metric_is_kept_and_no_reading_made() -> None:
    writer = make_writer()
    first = make_entry('{"t": 1, "mode": "auto", "n": "7"}', retain=True)
    store(writer, first, make_entry('{"t": 2, "on": true}', retain=True))
    assert known() == [
        ("press-3", "mode", "text", "auto"),
        ("press-3", "n", "number", 7.0),
        ("press-3", "on", "boolean", 1.0),
        ("press-3", "t", "number", 2.0),
    ]
    store(writer, make_entry('{"t": 3}', retain=True))
    assert ("press-3", "t", "number", 3.0) in known()
    assert not Reading.objects.exists()
    assert Device.objects.get().last_seen is None


def test_a_device_that_is_refused_or_disabled_keeps_nothing(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "reject"
    writer = make_writer()
    store(writer, make_entry('{"t": 1}', retain=True))
    Device.objects.create(key="off", enabled=False)
    settings.MQTT_REGISTRATION = "accept"
    store(make_writer("ingest-1"), make_entry('{"t": 1}', "devices/off/telemetry", retain=True))
    assert known() == []


def test_a_device_has_no_more_of_them_than_series(settings: Any) -> None:
    settings.MAX_SERIES_PER_DEVICE = 3
    writer = make_writer()
    store(writer, make_entry('{"a": 1, "b": 1, "c": 1, "d": 1}', retain=True))
    store(writer, make_entry('{"b": 2, "e": 1}', retain=True))
    assert [(metric, value) for _key, metric, _kind, value in known()] == [
        *(("a", 1.0), ("b", 2.0), ("c", 1.0)),
    ]


def test_what_a_convention_says_of_it_comes_along() -> None:
    Source.objects.create(name="z", convention="tasmota", registration="accept")
    packet = make_packet("tele/plug/SENSOR", '{"ENERGY": {"Power": 5.5}}', retain=True)
    entry = decode(packet, Router(conf.routes()))
    store(make_writer(), entry)
    assert [value for *_more, value in known()] == [5.5]
    said = DeviceDescription.objects.get().series
    assert [said[metric]["unit"] for _key, metric, *_more in known()] == ["W"]
