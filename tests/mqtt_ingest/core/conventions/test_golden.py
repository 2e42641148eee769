"""Packets in, messages out: a golden file for each convention.

Each packet has a topic and a payload, as text, as `json` or in `base64`, and what must be read
from it: a string where it is refused, nothing where it is not of this convention, else by
device the samples, times that are not of arrival, units, presence and description.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from mqtt_ingest.core import conventions
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.router import Route
from tests.support.factories import make_packet

GOLDEN = Path(__file__).parent / "golden"
# 2025-11-29 08:00:00 UTC in µs
ARRIVAL = 1_764_403_200_000_000
_OWN = ("name", "model", "manufacturer", "firmware", "parent", "place")


def told(name: str, golden: dict[str, Any]) -> list[Any]:
    """Return what is read from each packet of a golden file, in turn."""
    made = conventions.make(name, golden["options"])
    found = []
    for packet in golden["packets"]:
        payload: str | bytes = packet.get("payload", "")
        if "base64" in packet:
            payload = base64.b64decode(packet["base64"])
        elif "json" in packet:
            payload = json.dumps(packet["json"])
        filters = (*made.shared_filters, *made.ordered_filters)
        router = Router([Route("golden", made, Limits(), filters)])
        entry = decode(make_packet(packet["topic"], payload, received_at=ARRIVAL), router)
        if entry.reason == "no_route":
            found.append(None)
        elif entry.messages is None:
            found.append(f"{entry.reason}: {entry.detail}")
        else:
            found.append({one.native_id: _message(one) for one in entry.messages})
    return found


def _message(message: DeviceMessage) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for sample in message.samples:
        value: Any = sample.text if sample.value is None else sample.value
        if sample.kind in {"boolean", "word"}:
            value = bool(sample.value)
        said.setdefault("samples", {})[sample.metric] = value
    times = {sample.ts for sample in message.samples} - {ARRIVAL}
    if times:
        said["times"] = sorted(times)
    described = message.description
    if described is not None:
        own = {key: getattr(described, key) for key in _OWN if getattr(described, key)}
        units = {metric: one.unit for metric, one in described.series.items() if one.unit}
        said |= {"about": own} if own else {}
        said |= {"units": units} if units else {}
    said |= {"status": message.status} if message.status else {}
    return said


@pytest.mark.parametrize("name", conventions.names())
def test_what_a_convention_reads_is_what_its_golden_file_says(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    assert path.exists(), f"{name} has no golden file: add {path}"
    golden = json.loads(path.read_text("utf-8"))
    assert told(name, golden) == [packet["says"] for packet in golden["packets"]]


def test_each_golden_file_is_of_a_convention() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(conventions.names())
