"""What numbers are as texts, and back."""

import pytest

from mqtt_ingest.core.samples import told_by


@pytest.mark.parametrize(
    "text", ["0.30000000000000004", "1e+300", "-7", "9007199254740992", "1.0000000000000002"]
)
def test_what_we_write_of_a_number_is_it_again(text: str) -> None:
    assert told_by(text) == float(text)


@pytest.mark.parametrize("text", ["21.50", "0.1000000000000000055", "1e999", "x", "007", "1E5"])
def test_other_texts_are_of_none(text: str) -> None:
    assert told_by(text) is None
