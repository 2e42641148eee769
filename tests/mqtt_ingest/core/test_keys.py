"""Device keys: any native id has one, and it can be read back."""

import re
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.keys import device_key, metric_problem, readable
from mqtt_ingest.core.limits import Limits

ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)


@given(ids)
def test_a_key_has_only_allowed_characters_and_reads_back(native_id: str) -> None:
    key = device_key(native_id)
    assert re.fullmatch(r"[A-Za-z0-9_.:~-]{1,128}", key)
    assert readable(key) == normalize("NFC", native_id)


@given(ids, ids)
def test_different_ids_have_different_keys(one: str, other: str) -> None:
    is_same = normalize("NFC", one) == normalize("NFC", other)
    assert (device_key(one) == device_key(other)) == is_same


def test_the_examples_of_the_contract() -> None:
    assert device_key("Küche") == "K~C3~BCche"
    assert device_key("~") == "~7E"
    assert device_key("a-b_c.d:9") == "a-b_c.d:9"


def test_empty_and_too_long_ids_are_refused() -> None:
    with pytest.raises(Undecodable, match="empty_device"):
        device_key("")
    assert device_key("x" * 128)
    with pytest.raises(Undecodable, match="key_too_long"):
        device_key("x" * 129)


def test_a_key_that_is_no_escape_stays_as_it_is() -> None:
    assert readable("~FF") == "~FF"


@pytest.mark.parametrize(
    ("metric", "good"),
    [
        ("a.b", True),
        ("Temp °C", True),
        ("", False),
        ("a*", False),
        ("a\nb", False),
        ("x" * 201, False),
    ],
)
def test_metric_names(metric: str, good: bool) -> None:
    assert (metric_problem(metric, Limits().metric_length) == "") is good


def test_an_id_without_end_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(Undecodable, match="10000"):
        device_key("x" * 10_000)
