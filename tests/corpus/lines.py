"""The recorded messages, file by file."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / ".." / "shared" / "corpus"
# Of handlers fed directly, with expectations of their own.
APART = frozenset({"nasty"})


class NoCorpus(SystemExit):
    """The recordings are not there."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message, and what must be read from it."""

    ecosystem: str
    kind: str
    topic: str
    payload: bytes
    retain: bool
    # Readings that must be found; any one of the alternatives will do.
    wanted: list[list[dict[str, Any]]]


def files(folder: Path = FOLDER) -> list[Path]:
    """Return the files of both folders.

    Raises:
        NoCorpus: says where they should be.
    """
    found = sorted([*folder.glob("*.jsonl"), *folder.glob("more/*.jsonl")])
    if not found:
        raise NoCorpus(f"There are no recordings in {folder.resolve()}: the corpus is not here.")
    return [path for path in found if path.stem not in APART]


def read(paths: list[Path]) -> Iterator[Line]:
    """Yield the messages that a broker would deliver, in order."""
    for path in paths:
        for text in path.read_text("utf-8").splitlines():
            told = json.loads(text)
            if not told["topic"].startswith("$SYS"):
                yield _line(path.stem, told)


def _line(ecosystem: str, told: dict[str, Any]) -> Line:
    payload = told.get("payload")
    others = [other.get("note") or [] for other in told.get("also_ok", [])]
    return Line(
        ecosystem,
        told["kind"],
        told["topic"],
        payload.encode() if payload is not None else base64.b64decode(told["payload_b64"]),
        bool(told.get("retain")),
        [told.get("note") or [], *others],
    )
