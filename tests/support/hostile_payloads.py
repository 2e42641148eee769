"""Payloads as broken devices and hostile people send them: good ones, mutated."""

import json
import random

SEEDS = [
    b'{"ts": 1763681624123, "temperature": 21.5, "pump": true, "note": "ok"}',
    b'{"ts": "2025-11-20T23:33:44Z", "a": {"b": {"c": 1}}, "list": [1, 2, 3]}',
    b'[{"ts": 1763681624123, "t": 1}, {"ts": 1763681625123, "t": 2}]',
    b'{"time": 1763681624, "values": {"x": -1e-9, "y": null}}',
    b'{"v": 1, "w": "on", "z": "\\u00fc\\ud83d\\ude00"}',
    json.dumps({"ts": 1763681624123, **{f"m{n}": n / 3 for n in range(30)}}).encode(),
    '{"Küche": 21.5, "°C": 1}'.encode(),
    b"21.5",
    b"ON",
]
_ODD = [
    *(b"NaN", b"Infinity", b"-0", b"1e400", b"9" * 400, b"\xff\xfe", b"\xef\xbb\xbf", b"\0"),
    *(b"[" * 50, b'{"a":' * 40, b"null", b"'", b'"', b"\\u0000", b"\\ud800", b"*", b"."),
    b"123456789012345678901234567890",
]


def mutated(chance: random.Random) -> bytes:
    """Return a seed with up to four mutations."""
    data = bytearray(chance.choice(SEEDS))
    for _turn in range(chance.randint(0, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                del data[at : at + chance.randint(1, 8)]
            case 1:
                data[at:at] = chance.choice(_ODD)
            case 2:
                data[at:at] = chance.randbytes(chance.randint(1, 4))
            case 3 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 4:
                data[at:at] = data[: chance.randrange(len(data) + 1)]
            case _:
                del data[at:]
    return bytes(data)
