"""The native convention, sentence by sentence."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.datetime_texts import zone_of
from mqtt_ingest.core.pipeline import Router, decode
from tests.support.factories import ARRIVAL, make_entry, make_packet, route, samples_of

TOPIC = "devices/press-3/telemetry"
names = st.text("abc_", min_size=1, max_size=5)
scalars = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.booleans())


@given(st.dictionaries(names, scalars, min_size=1, max_size=20))
def test_every_good_value_is_read(values: dict[str, float]) -> None:
    assert samples_of(make_entry(json.dumps({"x." + k: v for k, v in values.items()}))) == {
        "x." + k: float(v) for k, v in values.items()
    }


@given(st.binary(max_size=200))
def test_no_payload_whatever_breaks_the_decoder(payload: bytes) -> None:
    entry = make_entry(payload)
    assert (entry.messages is None) == bool(entry.reason)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_no_json_value_whatever_breaks_the_decoder(value: object) -> None:
    entry = make_entry(json.dumps(value))
    for sample in entry.messages[0].samples if entry.messages else []:
        assert sample.value is None or math.isfinite(sample.value)
        both = sample.kind in {"numeral", "word"}
        assert (sample.value is None) != (sample.text is None) or both


def test_values_may_be_in_an_object_of_their_own() -> None:
    entry = make_entry('{"ts": 1763681624, "values": {"a": 1}}')
    assert samples_of(entry) == {"a": 1.0}
    assert entry.messages is not None
    assert entry.messages[0].samples[0].ts == 1_763_681_624_000_000


def test_values_without_a_time_are_the_same() -> None:
    assert samples_of(make_entry('{"values": {"a": 1}}')) == {"a": 1.0}
    assert samples_of(make_entry('[{"values": {"a": 1}, "b": 2}]')) == {"a": 1.0, "b": 2.0}
    assert samples_of(make_entry('{"values": 3}')) == {"values": 3.0}


def test_nested_objects_flatten_and_arrays_of_numbers_are_numbered() -> None:
    entry = make_entry('{"pos": {"lat": 1, "lon": 2}, "v": [1, 2], "on": "ON", "off": "false"}')
    assert samples_of(entry) == {
        "pos.lat": 1.0, "pos.lon": 2.0, "v.0": 1.0, "v.1": 2.0, "on": 1.0, "off": 0.0,
    }  # fmt: skip


def test_what_cannot_be_stored_is_counted_beside_what_can() -> None:
    entry = make_entry('{"a": 1, "b": NaN, "c": [[1], "x", null], "d": [1, true]}')
    assert samples_of(entry) == {"a": 1.0, "d.0": 1.0}
    assert entry.messages is not None
    assert [metric for metric, _why in entry.messages[0].bad] == ["b", "c.0", "c.1", "d.1"]


def test_a_list_is_a_batch_upload_in_steps_of_a_microsecond() -> None:
    entry = make_entry('[{"a": 1}, {"a": 2}, {"a": 3, "ts": 1763681000}]')
    assert entry.messages is not None
    assert [sample.ts for sample in entry.messages[0].samples] == [
        ARRIVAL, ARRIVAL + 1, 1_763_681_000_000_000,
    ]  # fmt: skip
    assert entry.messages[0].stamped


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("21.5", 21.5),
        ("true", 1.0),
        ("OFF", 0.0),
        ("open", "open"),
        (" 7 ", 7.0),
        ('"text"', "text"),
        ('{"value": 3, "ts": 1763681000}', 3.0),
        ("[5]", None),
    ],
)
def test_bare_values(payload: str, expected: object) -> None:
    found = samples_of(make_entry(payload, f"{TOPIC}/oil/temp"))
    assert found == ({"oil.temp": expected} if expected is not None else {"oil.temp.0": 5.0})


def test_an_object_on_a_metric_topic_is_flattened_below_it() -> None:
    entry = make_entry('{"a": 1, "b": {"c": 2}, "ts": 1763681000}', f"{TOPIC}/oil")
    assert samples_of(entry) == {"oil.a": 1.0, "oil.b.c": 2.0}


@pytest.mark.parametrize("payload", ["  ", '{"a"', "[NaN]", "Infinity"])
def test_bare_values_that_are_none(payload: str) -> None:
    entry = make_entry(payload, f"{TOPIC}/x")
    assert (entry.messages is None) or samples_of(entry) == {"x": payload}


@pytest.mark.parametrize(
    ("payload", "own_time"),
    [
        ('{"time": 1763681000, "a": 1}', True),
        ('{"timestamp": "2025-11-20T00:00:00Z", "a": 1}', True),
        ('{"time": 12.5, "a": 1}', False),
        ('{"time": NaN, "a": 1}', False),
        ('{"time": 1e300, "a": 1}', False),
        ('{"time": true, "a": 1}', False),
    ],
)
def test_time_and_timestamp_are_times_unless_they_are_small_numbers(
    payload: str, own_time: bool
) -> None:
    entry = make_entry(payload)
    assert entry.messages is not None
    assert all((sample.ts != ARRIVAL) is own_time for sample in entry.messages[0].samples)
    if payload.startswith('{"time": 12.5'):
        assert samples_of(entry)["time"] == 12.5


@pytest.mark.parametrize("ts", ["0", "-1", "true", '"2023-02-30"', "1e30", "[]", "32503680000"])
def test_a_bad_clock_is_replaced_by_arrival_and_counted(ts: str) -> None:
    entry = make_entry(f'{{"ts": {ts}, "a": 1}}')
    assert entry.messages is not None
    assert entry.messages[0].samples[0].ts == ARRIVAL
    assert entry.messages[0].clock_replaced == 1


def test_the_arrival_policy_believes_no_device() -> None:
    entry = decode(
        make_packet(TOPIC, '{"ts": 1763681000, "a": 1}'), Router([route(clock="arrival")])
    )
    assert entry.messages is not None
    assert entry.messages[0].samples[0].ts == ARRIVAL


def test_what_is_older_than_the_retention_limit_is_counted_as_expired() -> None:
    packet = make_packet(TOPIC, '[{"ts": 1600000000, "a": 1}, {"ts": 1763681000, "a": 2}]')
    entry = decode(packet, Router([route(retention=86_400_000_000)]))
    assert samples_of(entry) == {"a": 2.0}
    assert entry.messages is not None
    assert entry.messages[0].expired == 1
    assert not entry.messages[0].empty


def test_a_retained_packet_is_a_reading_only_with_its_own_time() -> None:
    assert samples_of(make_entry('{"a": 1}', retain=True)) == {}
    assert samples_of(make_entry('{"a": 1, "ts": 1763681000}', retain=True)) == {"a": 1.0}


@pytest.mark.parametrize(
    ("payload", "status"),
    [("online", "online"), (" Offline\n", "offline"), ('{"state": "online"}', "online"), ("", "")],
)
def test_status(payload: str, status: str) -> None:
    entry = make_entry(payload, "devices/press-3/status")
    assert entry.messages is not None
    assert entry.messages[0].status == status


@pytest.mark.parametrize("payload", ["on", "{}", '{"state": 1}', "{"])
def test_bad_status_is_a_dead_letter(payload: str) -> None:
    assert make_entry(payload, "devices/press-3/status").reason in {"bad_status", "not_json"}


@pytest.mark.parametrize("topic", ["devices/a", "other/a/telemetry", "devices/a/commands/1"])
def test_other_topics_have_no_route(topic: str) -> None:
    assert make_entry("1", topic).reason == "no_route"


@pytest.mark.parametrize(
    ("payload", "limit", "reason"),
    [
        ('{"a": 1, "b": 2}', {"samples": 1}, "too_many_samples"),
        ('{"a": {"b": {"c": 1}}}', {"nesting": 2}, "too_deep"),
        ('{"a": {"b": [1]}}', {"nesting": 2}, "too_deep"),
        ('{"a": 1}', {"payload_bytes": 3}, "too_large"),
        ("[1]", {}, "not_an_object"),
        ("5", {}, "not_an_object"),
        ('{"a": 1e999}', {}, "no_value"),
    ],
)
def test_limits(payload: str, limit: dict[str, int], reason: str) -> None:
    assert decode(make_packet(TOPIC, payload), Router([route(**limit)])).reason == reason


def test_values_beyond_a_limit_are_counted_beside_the_good_ones() -> None:
    packet = make_packet(TOPIC, '{"a": 1, "t": "abcd", "v": [1, 2, 3]}')
    entry = decode(packet, Router([route(text_length=3, array_elements=2)]))
    assert samples_of(entry) == {"a": 1.0}
    assert entry.messages is not None
    assert len(entry.messages[0].bad) == 2


def test_nothing_to_store_is_no_dead_letter() -> None:
    for payload in ("{}", '{"a": null}', "", "[]"):
        entry = make_entry(payload)
        assert entry.messages is not None
        assert entry.messages[0].empty
        assert entry.messages[0].odd


@pytest.mark.parametrize("value", ["12:30:05", "on", "12", "soon", "1.10.22"])
def test_time_as_a_text_that_is_no_date_is_a_value(value: str) -> None:
    entry = make_entry(json.dumps({"time": value, "a": 1}))
    assert set(samples_of(entry)) == {"time", "a"}
    assert entry.messages is not None
    assert entry.messages[0].clock_replaced == 0


@pytest.mark.parametrize("value", ["2025-02-30T10:00:00", "31.02.2025 10:00", "2025-11-20T25:00"])
def test_time_as_a_date_that_is_wrong_is_a_bad_clock(value: str) -> None:
    entry = make_entry(json.dumps({"time": value, "a": 1}))
    assert samples_of(entry) == {"a": 1.0}
    assert entry.messages is not None
    assert entry.messages[0].clock_replaced == 1


def test_a_backlog_with_times_in_quotes_keeps_them() -> None:
    seconds = ARRIVAL // 1_000_000
    records = [{"ts": f"{seconds - back}123", "t": back} for back in (3_600, 1_800, 0)]
    entry = make_entry(json.dumps(records))
    assert entry.messages is not None
    assert [sample.ts for sample in entry.messages[0].samples] == [
        (seconds - back) * 1_000_000 + 123_000 for back in (3_600, 1_800, 0)
    ]


def test_local_times_are_in_the_zone_of_the_device_or_the_source() -> None:
    payload = '{"ts": "2025-11-21 00:33:44", "a": 1}'
    berlin, tokyo = zone_of("Europe/Berlin"), zone_of("Asia/Tokyo")
    for limits, expected in (
        ({"zone": berlin}, ARRIVAL - 123_000),
        ({"zone": tokyo, "zones": {"press-3": berlin}}, ARRIVAL - 123_000),
        ({"zone": berlin, "zones": {"press-3": tokyo}}, ARRIVAL - 123_000 - 8 * 3_600_000_000),
    ):
        entry = decode(make_packet(TOPIC, payload), Router([route(**limits)]))
        assert entry.messages is not None
        assert entry.messages[0].samples[0].ts == expected
        assert entry.messages[0].is_local


@pytest.mark.parametrize(
    "topic",
    ["devices/a/telemetry/", "devices/a/telemetry/x/", "devices/a/telemetry//x",
     "devices//telemetry", "devices/a/status/", "devices//status"],
)  # fmt: skip
def test_an_empty_level_is_a_bad_topic(topic: str) -> None:
    assert make_entry('{"a": 1}', topic).reason == "bad_topic"


def test_a_name_is_one_however_it_was_typed() -> None:
    composed, apart = "K\u00fcche", "Ku\u0308che"
    entries = [
        make_entry(json.dumps({name: 1}), f"devices/{name}/telemetry") for name in (composed, apart)
    ]
    assert [entry.messages[0].native_id for entry in entries if entry.messages] == [composed] * 2
    assert [list(samples_of(entry)) for entry in entries] == [[composed]] * 2


@pytest.mark.parametrize("text", ["-" * 101, "x" * 4_096, " " * 101 + "on"])
def test_a_long_text_is_neither_word_nor_number(text: str) -> None:
    assert samples_of(make_entry(json.dumps({"t": text}))) == {"t": text}
    assert make_entry(json.dumps({"t": "x" * 4_097})).reason == "no_value"


@pytest.mark.parametrize("metric", ["ts", "time", "timestamp", "values"])
def test_a_bare_value_of_a_metric_that_is_called_like_a_time_is_a_value(metric: str) -> None:
    topic = f"{TOPIC}/{metric}"
    for payload in ("1763681000", "21.5", '{"value": 3, "ts": 1763681000}'):
        found = samples_of(make_entry(payload, topic))
        assert list(found) == [metric]
    assert samples_of(make_entry('{"a": 1}', topic)) == {f"{metric}.a": 1.0}


def test_what_stands_beside_a_bare_value_is_kept_below_it() -> None:
    entry = make_entry('{"value": 1, "unit": "C", "battery": {"v": 3}}', f"{TOPIC}/m")
    assert samples_of(entry) == {"m": 1.0, "m.unit": "C", "m.battery.v": 3.0}


@pytest.mark.parametrize(
    ("payload", "bad"), [('[{"t": 1}, nan]', 1), ('[null, {"t": 1}]', 0), ('[{"t": 1}, 5, "x"]', 2)]
)
def test_a_bad_element_costs_itself_alone(payload: str, bad: int) -> None:
    entry = make_entry(payload)
    assert samples_of(entry) == {"t": 1.0}
    assert entry.messages is not None
    assert len(entry.messages[0].bad) == bad


@pytest.mark.parametrize("none", ["null", '""'])
def test_a_time_that_is_none_leaves_it_to_the_next_name(none: str) -> None:
    entry = make_entry(f'{{"ts": {none}, "time": 1763681000, "t": 1}}')
    assert samples_of(entry) == {"t": 1.0}
    assert entry.messages is not None
    assert entry.messages[0].samples[0].ts == 1_763_681_000_000_000


def test_of_several_times_the_first_counts_and_none_is_a_value() -> None:
    entry = make_entry('{"ts": 1763681000, "time": "2025-11-20T00:00:00Z", "t": 1}')
    assert samples_of(entry) == {"t": 1.0}


def test_a_name_beside_values_and_in_them_is_counted() -> None:
    entry = make_entry('{"values": {"t": 1}, "t": 2}')
    assert samples_of(entry) == {"t": 1.0}
    assert entry.messages is not None
    assert len(entry.messages[0].bad) == 1


@pytest.mark.parametrize("payload", ['{"value":1', "1.#IND", "nan,", '"open', "[1"])
def test_a_broken_bare_value_is_no_text(payload: str) -> None:
    entry = make_entry(payload, f"{TOPIC}/x")
    assert entry.messages is None or samples_of(entry) == {}


def test_superfluous_commas_cost_nothing() -> None:
    assert samples_of(make_entry("21.5,", f"{TOPIC}/x")) == {"x": 21.5}
    assert samples_of(make_entry('{"t": 1},')) == {"t": 1.0}
