"""JSON as printf makes it."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_ingest.core.lenient_json import Broken, Unreadable, loads, number
from tests.support.factories import make_entry, samples_of

TOPIC = "devices/press-3/telemetry"


@pytest.mark.parametrize(
    ("payload", "good", "bad"),
    [
        ('{"temperature":nan,"humidity":40}', {"humidity": 40.0}, 1),
        ('{"t":-nan(0x8000),"u":-1.#IND,"v":1.#INF,"w":1}', {"w": 1.0}, 3),
        ('{"a":.5,"b":5.,"c":+21.5,"d":0021,"e":-.5e1}',
         {"a": 0.5, "b": 5.0, "c": 21.5, "d": 21.0, "e": -5.0}, 0),
        ('{"a":,"b":2}', {"b": 2.0}, 1),
        ('{"a":1,"b":}', {"a": 1.0}, 1),
        ('{"a":1,}', {"a": 1.0}, 0),
        ('{"a":1,,"b":2}', {"a": 1.0, "b": 2.0}, 0),
        ('{,"a":1}', {"a": 1.0}, 0),
        ('{"v":[1,nan,3,]}', {"v.0": 1.0, "v.2": 3.0}, 1),
        ('{"v":[1,,3]}', {"v.0": 1.0, "v.2": 3.0}, 1),
        ('[{"t":1},]', {"t": 1.0}, 0),
        ('[{"t":1},,{"t":x,"u":2}]', {"t": 1.0, "u": 2.0}, 2),
        ('{"deep":{"a":+1,"b":nan},"c":2}', {"deep.a": 1.0, "c": 2.0}, 1),
        ('{"a":True,"b":None,"c":ON,"d":off}', {"a": 1.0, "c": 1.0, "d": 0.0}, 0),
        ('{"a":0x1F,"b":21.5 C,"c":3}', {"c": 3.0}, 2),
        ('{"t":21,5,"h":40}', {"h": 40.0}, 1),
        ('{"ts":,"t":1}', {"t": 1.0}, 0),
    ],
)  # fmt: skip
def test_what_is_bad_costs_its_own_sample(payload: str, good: dict[str, float], bad: int) -> None:
    entry = make_entry(payload)
    assert samples_of(entry) == good
    assert entry.messages is not None
    assert len(entry.messages[0].bad) == bad


@pytest.mark.parametrize(
    "payload",
    ['{"a":1', '{"a":', '{"a": 21.', "{'a':1}", "{a:1}", '{"a":1}{"a":2}', '{"a" 1}', "[",
     '{"a":5 "b":6}', '{"a":1;"b":2}', '{"a":"\x01"}', "{5}", '{"a":nan', '{"a":1,b}'],
)  # fmt: skip
def test_a_broken_structure_is_a_dead_letter(payload: str) -> None:
    assert make_entry(payload).reason == "not_json"


def test_a_packet_of_nothing_but_bad_values_is_a_dead_letter() -> None:
    assert make_entry('{"a":nan,"b":}').reason == "no_value"


@pytest.mark.parametrize(
    ("payload", "value"),
    [("+21.5", 21.5), (".5", 0.5), ("5.", 5.0), ("00317.3988", 317.3988), ("-007", -7.0),
     ("+.5e1", 5.0), (" 0021\n", 21.0), ('"21.5"', 21.5), ('" 21.5 "', 21.5)],
)  # fmt: skip
def test_bare_numbers(payload: str, value: float) -> None:
    assert samples_of(make_entry(payload, f"{TOPIC}/t")) == {"t": value}


@pytest.mark.parametrize("payload", ["1,5", "0x1F", "1_000", "5 C", "٢١", "1.2.3", "--1", "+", "."])
def test_bare_texts_that_are_no_numbers(payload: str) -> None:
    assert samples_of(make_entry(payload, f"{TOPIC}/t")) == {"t": payload}


@pytest.mark.parametrize(
    ("text", "value"),
    [("21.5", 21.5), (" -3 ", -3.0), ("1e3", 1000.0), ("9007199254740", 9007199254740.0)],
)
def test_a_json_number_in_quotes_is_a_number(text: str, value: float) -> None:
    assert samples_of(make_entry(json.dumps({"t": text}))) == {"t": value}


@pytest.mark.parametrize(
    "text",
    ["0021", "+21.5", ".5", "5.", "1,5", "1_000", "0x1F", "1234567890.123456", "90071992547409930",
     "1e20", "1e999", "21.5 °C"],
)  # fmt: skip
def test_what_a_number_would_not_tell_again_stays_text(text: str) -> None:
    assert samples_of(make_entry(json.dumps({"t": text}))) == {"t": text}


@pytest.mark.parametrize("word", ["unavailable", "Unknown", " N/A ", "NaN", "-", "", "  ", "null"])
def test_words_for_no_reading_are_none(word: str) -> None:
    assert samples_of(make_entry(json.dumps({"t": word, "u": 1}))) == {"u": 1.0}
    assert samples_of(make_entry(word.strip() or '""', f"{TOPIC}/t")) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
).filter(lambda value: isinstance(value, dict | list))


@given(json_values)
def test_what_is_json_is_read_as_json(value: object) -> None:
    text = json.dumps(value)
    assert repr(loads(text, 100)) == repr(json.loads(text, parse_constant=lambda _name: math.nan))


@given(st.text('{}[]",:.+-0123e nantrue', max_size=40))
def test_any_text_is_read_or_broken(text: str) -> None:
    try:
        loads(text, 10)
    except Broken:
        return


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_one(value: float) -> None:
    assert number(repr(value)) == value


def test_nesting_is_bounded() -> None:
    with pytest.raises(Broken, match="deep"):
        loads("[" * 11 + "]" * 11, 10)
    assert loads("[,]", 10) == [Unreadable("there is no value")]
