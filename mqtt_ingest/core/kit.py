"""A test kit for conventions, ours and those of others; AssertionError says what is wrong.

A golden file is JSON: `options`, and `packets` with a `topic`, a payload (`payload` as text,
`json`, or `base64`), and what it `says`: null where the packet is not of the convention,
"reason: detail" where it is refused, else by native id of each device the `samples`, the
`times` (µs) that are not of arrival, the `units`, the `status`, and what is told `about` it.
"""

import base64
import contextlib
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Entry, Packet
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.router import Route

# When packets of golden files arrive: 2025-11-29 08:00:00 UTC, in µs.
ARRIVAL = 1_764_403_200_000_000
# So long a packet may take at most, with whatever else the machine does meanwhile.
SECONDS = 2.0
_OWN = ("name", "model", "manufacturer", "firmware", "parent", "place")
_PIECES = [
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\x00", b"\xff", b"null", b"1e999", b"-", b"nan"),
    *(b'"' * 50, b"[" * 200, b'{"a":' * 60, b"\xf0\x9f\x98\x80", b"9" * 400, b"\\u0000", b"/"),
]


@dataclass(slots=True)
class Golden:
    """A golden file: options, packets, and what each of them says."""

    options: Mapping[str, Any]
    packets: list[Packet]
    says: list[Any]


def load(path: Path) -> Golden:
    """Read a golden file."""
    told = json.loads(path.read_text("utf-8"))
    packets = [Packet(one["topic"], _payload(one), ARRIVAL, 1) for one in told["packets"]]
    return Golden(told["options"], packets, [one["says"] for one in told["packets"]])


def check(convention: type[Convention], path: Path, *, fuzz_packets: int = 300) -> None:
    """Check a convention by its golden file: what is read, restarts, and mutated packets.

    Raises:
        AssertionError: says what is wrong.
    """
    check_golden(convention, path)
    check_restart(convention, path)
    check_fuzz(convention, path, fuzz_packets)


def check_golden(convention: type[Convention], path: Path) -> None:
    """Check that each packet says what the golden file has.

    Raises:
        AssertionError: names the first packet that says something else.
    """
    golden = load(path)
    made = _made(convention, golden)
    _compare(golden, [_told(_read(made, packet)) for packet in golden.packets])


def check_restart(convention: type[Convention], path: Path) -> None:
    """Check that the same is read where another worker takes over before each packet.

    Raises:
        AssertionError: names the first packet that says something else then.
    """
    golden = load(path)
    kept: dict[str, Any] = {}
    found = []
    for packet in golden.packets:
        made = _made(convention, golden, State(json.loads(json.dumps(kept))))
        entry = _read(made, packet)
        kept.update(entry.remembered or {})
        kept = {key: value for key, value in kept.items() if value is not None}
        found.append(_told(entry))
    _compare(golden, found)


def check_fuzz(convention: type[Convention], path: Path, packets: int = 300) -> None:
    """Check that mutated packets are read or refused, and soon.

    Raises:
        AssertionError: a packet took longer than `SECONDS`, or its metrics are no text.
        Exception: what the convention raised, but for `Undecodable`.
    """
    golden = load(path)
    made, chance = _made(convention, golden), random.Random(convention.name)  # noqa: S311
    for number in range(packets):
        packet = _mutated(chance.choice(golden.packets), chance, ARRIVAL + number)
        began = time.perf_counter()
        with contextlib.suppress(Undecodable):
            for message in made.decode(packet, Limits()) or ():
                assert all(isinstance(one.metric, str) for one in message.samples), packet
        assert time.perf_counter() - began < SECONDS, packet


def _payload(told: Mapping[str, Any]) -> bytes:
    if "base64" in told:
        return base64.b64decode(told["base64"])
    return (json.dumps(told["json"]) if "json" in told else told.get("payload", "")).encode()


def _made(convention: type[Convention], golden: Golden, state: State | None = None) -> Convention:
    return convention(convention.Options.model_validate(golden.options), state)


def _read(made: Convention, packet: Packet) -> Entry:
    filters = (*made.shared_filters, *made.ordered_filters)
    return decode(packet, Router([Route("golden", made, Limits(), filters)]))


def _compare(golden: Golden, found: list[Any]) -> None:
    for packet, wanted, told in zip(golden.packets, golden.says, found, strict=True):
        assert told == wanted, f"{packet.topic} {packet.payload!r} says {told}, not {wanted}"


def _told(entry: Entry) -> Any:
    if entry.reason == "no_route":
        return None
    if entry.messages is None:
        return f"{entry.reason}: {entry.detail}"
    return {message.native_id: _said(message) for message in entry.messages}


def _said(message: DeviceMessage) -> dict[str, Any]:
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


def _mutated(packet: Packet, chance: random.Random, received_at: int) -> Packet:
    return Packet(
        _mutated_topic(packet.topic, chance),
        _mutated_payload(packet.payload, chance),
        *(received_at, 1),
    )


def _mutated_payload(payload: bytes, chance: random.Random) -> bytes:
    data = bytearray(payload)
    for _turn in range(chance.randint(1, 4)):
        at = chance.randint(0, len(data))
        match chance.randint(0, 4):
            case 0:
                data[at:at] = chance.choice(_PIECES)
            case 1:
                del data[at : at + chance.randint(1, 8)]
            case 2 if data:
                data[at % len(data)] = chance.randint(0, 255)
            case 3:
                data[at:at] = data[: chance.randint(0, 40)]
            case _:
                data = data[:at]
    return bytes(data)


def _mutated_topic(topic: str, chance: random.Random) -> str:
    if chance.random() < 0.7:
        return topic
    levels = topic.split("/")
    at = chance.randrange(len(levels))
    levels[at] = chance.choice(["", "x" * 300, "+", "ü", "{a}", "0", levels[-1], "config"])
    return "/".join(levels)
