"""What numbers are as texts, and back."""

import pytest

from mqtt_ingest.core.descriptions import Kind
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, SampleKind
from mqtt_ingest.core.samples import Fitted, collect, fit, told_by


@pytest.mark.parametrize(
    "text", ["0.30000000000000004", "1e+300", "-7", "9007199254740992", "1.0000000000000002"]
)
def test_what_we_write_of_a_number_is_it_again(text: str) -> None:
    assert told_by(text) == float(text)


@pytest.mark.parametrize("text", ["21.50", "0.1000000000000000055", "1e999", "x", "007", "1E5"])
def test_other_texts_are_of_none(text: str) -> None:
    assert told_by(text) is None


@pytest.mark.parametrize(
    ("kind", "sample", "value", "text", "stored"),
    [
        ("number", "number", 21.5, None, (21.5, None, True)),
        ("number", "boolean", 1.0, None, (1.0, None, True)),
        ("number", "text", None, "open", (None, "open", False)),
        ("boolean", "number", 0.0, None, (0.0, None, True)),
        ("boolean", "number", 2.0, None, (None, "2", False)),
        ("boolean", "number", 2.5, None, (None, "2.5", False)),
        ("boolean", "text", None, "open", (None, "open", False)),
        ("text", "text", None, "open", (None, "open", True)),
        ("text", "number", 7.0, None, (None, "7", False)),
        ("text", "boolean", 1.0, None, (None, "true", False)),
        ("text", "boolean", 0.0, None, (None, "false", False)),
    ],
)
def test_a_series_stores_what_fits_its_kind_and_the_rest_as_words(
    kind: Kind, sample: SampleKind, value: float | None, text: str | None, stored: Fitted
) -> None:
    assert fit(kind, sample, value, text) == stored


@pytest.mark.parametrize("nested", [{}, {"deep": {"x": 7}}])
def test_texts_numbers_and_nothing_are_told_apart_nested_or_not(nested: dict[str, object]) -> None:
    record = {"a": 1, "b": "21.50", "c": "ON", "d": "open", "e": None, "f": "unknown", **nested}
    message = DeviceMessage("x")
    collect(message, record, 5, Limits())
    assert [(one.metric, one.kind, one.value, one.text) for one in message.samples[:4]] == [
        ("a", "number", 1.0, None),
        ("b", "numeral", 21.5, "21.50"),
        ("c", "word", 1.0, "ON"),
        ("d", "text", None, "open"),
    ]
    assert [one.metric for one in message.samples[4:]] == ["deep.x"] * bool(nested)
    assert message.bad == []


def test_a_text_that_cannot_be_stored_costs_itself_alone() -> None:
    message = DeviceMessage("x")
    collect(message, {"a": 1, "b": "x" * 9}, 5, Limits(text_length=8))
    assert [one.metric for one in message.samples] == ["a"]
    assert message.bad == [("b", "the text has 9 characters, 8 are allowed")]
