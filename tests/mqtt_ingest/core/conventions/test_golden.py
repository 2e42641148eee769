"""Each convention by its golden file: packets in, messages out, over restarts, and mutated.

`FUZZ_PACKETS=20000` makes it the long run of docs/contributing.
"""

import os
from pathlib import Path

import pytest

from mqtt_ingest.core import conventions, kit

GOLDEN = Path(__file__).parent / "golden"
PACKETS = int(os.environ.get("FUZZ_PACKETS", "300"))


@pytest.mark.parametrize("name", conventions.names())
def test_what_a_convention_reads_is_what_its_golden_file_says(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    assert path.exists(), f"{name} has no golden file: add {path}"
    kit.check_golden(conventions.find(name), path)


@pytest.mark.parametrize("name", conventions.names())
def test_whoever_takes_over_before_a_packet_reads_the_same(name: str) -> None:
    kit.check_restart(conventions.find(name), GOLDEN / f"{name}.json")


@pytest.mark.parametrize("name", conventions.names())
def test_mutated_packets_are_read_or_refused(name: str) -> None:
    kit.check_fuzz(conventions.find(name), GOLDEN / f"{name}.json", PACKETS)


def test_each_golden_file_is_of_a_convention() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(conventions.names())
