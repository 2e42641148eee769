"""Recordings: what replay publishes of them."""

from pathlib import Path

import pytest

from mqtt_ingest.recordings.reader import Reading, read


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity", "nan", ""])
def test_what_is_no_number_is_no_reading(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"time,a,b\n2025-11-20T12:00:00Z,{cell},1_000\n")
    (record,) = read(path, Reading())
    assert record.values == {"b": "1_000"}


def test_json_that_is_none_is_no_reading(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"ts": 1763640000, "a": NaN, "b": Infinity, "c": 2}\n')
    (record,) = read(path, Reading())
    assert record.values == {"c": 2}
