"""The corpus of hostile and odd messages, to the letter.

It lies beside the repository, not in it (mixed licences): where it is missing these
tests say so, and `test_native` covers the same rules with messages of our own.

Where the contract decides otherwise than the corpus, the contract holds:
s012 s032 s055  nothing to store: counted, neither a reading nor a dead letter
s017 s043 s045  read as printf makes it
s022       JSON lines are two documents: a dead letter (also allowed by the corpus)
s035 s036 s046 s047  text that looks like a number is stored as text
s074-s077 s079       a time that cannot be read counts as a bad clock: arrival time
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.factories import ARRIVAL, make_entry

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "nasty.jsonl"
OUTCOME = {"s012": "nothing", "s032": "nothing", "s055": "nothing", "s022": "reject"}
AS_PRINTF = {"s017": 21.5, "s043": 7.0, "s045": 5.0}
AS_TEXT = {"s035", "s036", "s046", "s047"}
AT_ARRIVAL = {"s074", "s075", "s076", "s077", "s079"}


def messages() -> list[dict[str, Any]]:
    if not CORPUS.is_file():
        return []
    return [json.loads(line) for line in CORPUS.read_text().splitlines()]


def built(recipe: dict[str, Any]) -> str:
    if "each" in recipe:
        body = recipe.get("join", "").join(
            recipe["each"].format(i=i) for i in range(recipe["times"])
        )
    else:
        body = recipe.get("repeat", "") * recipe.get("times", 0)
    end = recipe.get("repeat2", "") * recipe.get("times2", 0)
    return (
        f"{recipe.get('prefix', '')}{body}{recipe.get('then', '')}{end}{recipe.get('suffix', '')}"
    )


def packet_of(message: dict[str, Any]) -> tuple[str, bytes]:
    if "topic_b64" in message:
        topic = base64.b64decode(message["topic_b64"]).decode("utf-8", "surrogateescape")
    else:
        topic = message.get("topic") or built(message["topic_recipe"])
    if "payload_b64" in message:
        return topic, base64.b64decode(message["payload_b64"])
    text = message["payload"] if "payload" in message else built(message["payload_recipe"])
    return topic, text.encode()


def test_the_corpus_is_there_or_this_says_that_it_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    if messages():
        assert len(messages()) == 92
    else:
        with capsys.disabled():
            print("\nLeft out: the corpus of nasty messages is not beside this repository.")


@pytest.mark.parametrize("message", messages(), ids=lambda message: message["id"])
def test_nasty(message: dict[str, Any]) -> None:
    topic, payload = packet_of(message)
    entry = make_entry(payload, topic)
    samples = entry.messages[0].samples if entry.messages else []
    outcome = "extract" if samples else "nothing" if entry.messages else "reject"
    name = message["id"]
    if name in AS_TEXT:
        assert [(s.kind, s.value) for s in samples] == [("text", None)]
        return
    if name in AT_ARRIVAL:
        assert [(s.metric, s.ts) for s in samples] == [("t", ARRIVAL)]
        return
    if name in AS_PRINTF:
        assert [s.value for s in samples] == [AS_PRINTF[name]]
        return
    assert outcome == OUTCOME.get(name, message["expect"])
    if outcome != "extract":
        return
    expected = {(note["metric"], float(note["value"])) for note in message["note"]}
    numbers = {(s.metric, s.value) for s in samples if s.value is not None}
    extra = {("__proto__.x", 1.0), ("constructor", 2.0), ("<script>alert(1)</script>", 1.0)}
    assert expected <= numbers <= expected | extra
    for note in message["note"]:
        if "ts" in note:
            entry_ts = make_entry(json.dumps({"ts": note["ts"], "x": 1}))
            assert entry_ts.messages is not None
            assert samples[0].ts == entry_ts.messages[0].samples[0].ts


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps({f"m{n}": float("nan") for n in range(1_200)}),
        json.dumps({f"m{n}": ["x"] * 64 for n in range(100)}),
        json.dumps([{"t": 1}, *([1] * 5_000)]),
        json.dumps({f"{'*' * 100}{n}": n for n in range(1_200)}),
    ],
)
def test_bad_values_are_bounded(payload: str) -> None:
    entry = make_entry(payload)
    assert entry.messages is None
    assert (entry.reason, entry.detail) == ("too_many_samples", "more than 1000 bad values")


def test_a_topic_has_a_length() -> None:
    entry = make_entry("1", f"devices/a/telemetry/{'x/' * 600}x")
    assert (entry.reason, entry.detail) == ("bad_topic", "longer than 1,024 characters")
