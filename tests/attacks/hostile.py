"""Packets as somebody would write them to harm, and how much memory they may take."""

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mqtt_ingest.core.conventions.homeassistant import convention as homeassistant
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Packet
from tests.support.factories import make_packet

MB = 1_000_000


@contextmanager
def at_most(megabytes: float) -> Iterator[None]:
    """Fail where more memory is taken meanwhile."""
    tracemalloc.start()
    try:
        yield
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < megabytes * MB, f"{peak / MB:.0f} MB"


def announced(**message: Any) -> homeassistant.HomeAssistant:
    made = homeassistant.HomeAssistant()
    made.decode(packet("homeassistant/sensor/x/y/config", json.dumps(message)), Limits())
    return made


def packet(topic: str, payload: str | bytes) -> Packet:
    return make_packet(topic, payload)
