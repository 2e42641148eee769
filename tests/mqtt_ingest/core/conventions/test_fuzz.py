"""Mutated packets, convention by convention: only declared errors, and bounded time.

`FUZZ_PACKETS=20000` makes it the long run of docs/contributing.
"""

import base64
import contextlib
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from mqtt_ingest.core import conventions
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import Packet
from tests.support.factories import ARRIVAL

GOLDEN = Path(__file__).parent / "golden"
PACKETS = int(os.environ.get("FUZZ_PACKETS", "300"))
# One packet may take so long at most, with others beside it.
SECONDS = 2.0
_PIECES = [
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\x00", b"\xff", b"null", b"1e999", b"-", b"nan"),
    *(b'"' * 50, b"[" * 200, b'{"a":' * 60, b"\xf0\x9f\x98\x80", b"9" * 400, b"\\u0000", b"/"),
]


def seeds(name: str) -> list[tuple[str, bytes]]:
    golden = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    return [(packet["topic"], _payload(packet)) for packet in golden["packets"]]


def _payload(packet: dict[str, Any]) -> bytes:
    if "base64" in packet:
        return base64.b64decode(packet["base64"])
    return (json.dumps(packet["json"]) if "json" in packet else packet["payload"]).encode()


def mutated(payload: bytes, chance: random.Random) -> bytes:
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


def mutated_topic(topic: str, chance: random.Random) -> str:
    if chance.random() < 0.7:
        return topic
    levels = topic.split("/")
    at = chance.randrange(len(levels))
    levels[at] = chance.choice(["", "x" * 300, "+", "ü", "{a}", "0", levels[-1], "config"])
    return "/".join(levels)


@pytest.mark.parametrize("name", conventions.names())
def test_mutated_packets_are_read_or_refused(name: str) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    made = conventions.make(name, golden["options"])
    chance = random.Random(name)
    own = seeds(name)
    for number in range(PACKETS):
        topic, payload = chance.choice(own)
        packet = Packet(mutated_topic(topic, chance), mutated(payload, chance), ARRIVAL + number, 1)
        began = time.perf_counter()
        with contextlib.suppress(Undecodable):
            for message in made.decode(packet, Limits()) or ():
                assert all(isinstance(one.metric, str) for one in message.samples)
        assert time.perf_counter() - began < SECONDS, (packet.topic, packet.payload)
