"""Files of all kinds: the guess, what is read, and what is said of broken lines."""

import tracemalloc
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from devices.imports.mapping import HEAD, BadMapping, Mapping, columns_of, guess, mapping_of
from devices.imports.parser import Line, Reader

T0 = 1_763_640_000_000_000  # 2025-11-20 12:00 UTC


def read(content: bytes, mapping: Mapping) -> list[Line]:
    columns = columns_of(content, mapping)
    reader = Reader(mapping, columns, 0, 0)
    lines = list(reader.lines([content[:7], content[7:]], header=mapping.format == "csv"))
    assert reader.offset == len(content)
    return lines


def values(lines: list[Line]) -> list[Any]:
    return [
        (line.device, p.metric, p.ts, p.value if p.text is None else p.text)
        for line in lines
        for p in line.points
    ]


def problems(lines: list[Line]) -> list[tuple[int, str, str]]:
    return [tuple(problem) for line in lines for problem in line.problems]  # type: ignore[misc]


def test_a_wide_file_of_one_device() -> None:
    content = b"timestamp,T,RH\n2025-11-20 12:00:00,21.5,40\n2025-11-20 12:01:00,,NaN\n"
    mapping = guess(content, "room.csv", "room")
    assert values(read(content, mapping)) == [("room", "T", T0, 21.5), ("room", "RH", T0, 40.0)]


def test_semicolons_decimal_commas_and_two_columns_of_time() -> None:
    content = b"Date;Time;CO\r\n20/11/2025;12:00:00;1.234,5\r\n"
    mapping = guess(content, "it.csv", "a")
    assert (mapping.delimiter, mapping.decimal, mapping.order) == (";", ",", "dmy")
    assert values(read(content, mapping)) == [("a", "CO", T0, 1234.5)]


def test_a_long_file_with_names_of_its_own() -> None:
    content = b"when,sensor,metric,value\n1763640000,a,t,1\n1763640000000,b,on,true\n"
    mapping = mapping_of(
        {**guess(content, "x.csv").options(), "time": ["when"]},
        ["when", "sensor", "metric", "value"],
    )
    assert mapping.device == "sensor"
    assert values(read(content, mapping)) == [("a", "t", T0, 1.0), ("b", "on", T0, 1.0)]


def test_dates_are_found_whatever_their_column_is_called() -> None:
    content = b"n,when,temp\n1,20/11/2025 12:00:00,2\n2,soon,3\n"
    mapping = guess(content, "x.csv", "a")
    assert (mapping.time, mapping.order, mapping.metrics) == (["when"], "dmy", ["n", "temp"])


def test_an_export_is_read_back_as_it_was() -> None:
    content = (
        b"time,device,metric,kind,unit,value\r\n"
        b"2025-11-20T12:00:00+00:00,a,mode,text,,'=1\r\n"
        b'2025-11-20T13:00:00+01:00,a,mode,text,,"12, and ""more"""\r\n'
        b"2025-11-20T12:00:00+00:00,a,t,number,\xc2\xb0C,1e-300\r\n"
        b"2025-11-20T12:00:01+00:00,a,t,text,\xc2\xb0C,12\r\n"
        b"2025-11-20T12:00:02+00:00,a,t,text,\xc2\xb0C,\r\n"
    )
    lines = read(content, guess(content, "x.csv"))
    assert values(lines) == [
        ("a", "mode", T0, "=1"),
        ("a", "mode", T0, '12, and "more"'),
        ("a", "t", T0, 1e-300),
        ("a", "t", T0 + 10**6, "12"),
        ("a", "t", T0 + 2 * 10**6, ""),
    ]
    assert lines[2].points[0].unit == "°C"


def test_json_lines_keep_types() -> None:
    content = (
        b'{"time":"2025-11-20T12:00:00Z","device":"a","metric":"t","kind":"number","unit":"","value":1.5}\n'
        b'{"time":"2025-11-20T12:00:00Z","device":"a","metric":"s","kind":"text","unit":"","value":"1.5"}\n'
        b'{"time":"2025-11-20T12:00:00Z","device":"a","metric":"b","kind":"boolean","unit":"","value":true}\n'
        b"nonsense\n[1]\n"
        b'{"time":"2025-11-20T12:00:00Z","device":"a","metric":"n","kind":"","unit":"","value":NaN}\n'
        b'{"time":"2025-11-20T12:00:00Z","device":"a","metric":"l","kind":"","unit":"","value":[1]}\n'
    )
    lines = read(content, guess(content, "x.jsonl"))
    assert [value for *_key, value in values(lines)] == [1.5, "1.5", 1.0]
    assert [number for number, _column, _reason in problems(lines)] == [4, 5, 6, 7]


def test_broken_lines_say_line_column_and_reason() -> None:
    content = (
        b"time,device,metric,kind,unit,value\n"
        b"never,a,t,number,,1\n"
        b"2025-11-20T12:00:00Z,,t,number,,1\n"
        b"2025-11-20T12:00:00Z,a,*,number,,1\n"
        b"2025-11-20T12:00:00Z,a,t,number,,many\n"
        b"1900-01-01T00:00:00Z,a,t,number,,1\n"
        b"2025-11-20T12:00:00Z,a,t,number,,2\n"
    )
    lines = read(content, guess(content, "x.csv"))
    assert problems(lines) == [
        (2, "time", "'never' is no time that can be read"),
        (3, "device", "no device is named"),
        (4, "metric", "no metric name (1-200 characters, no *)"),
        (5, "value", "'many' is no number"),
        (6, "time", "the time lies before 1970"),
    ]
    assert values(lines) == [("a", "t", T0, 2.0)]


def test_good_cells_of_a_bad_line_are_kept() -> None:
    content = b"time,a,b\n2025-11-20T12:00:00Z,1," + b"x" * 5_000 + b"\n"
    lines = read(content, guess(content, "x.csv", "d"))
    assert values(lines) == [("d", "a", T0, 1.0)]
    assert problems(lines) == [(2, "b", "a text has at most 4096 characters, and no NUL")]


@pytest.mark.slow
def test_a_quotation_mark_that_is_not_closed_ends_somewhere() -> None:
    content = b'time,a\n2025-11-20T12:00:00Z,"' + b"y\n" * 200_000
    lines = read(content, guess(content, "x.csv", "d"))
    assert lines[0].problems


def test_a_quotation_mark_that_is_not_closed_costs_its_line_alone() -> None:
    rows = [
        f"2025-11-20T12:00:{n:02},{n},{'x' if n != 3 else chr(34) + 'broken'}" for n in range(50)
    ]
    content = ("time,a,b\n" + "\n".join(rows) + "\n").encode()
    lines = read(content, guess(content, "x.csv", "d"))
    assert len(lines) == 50
    assert problems(lines) == [(5, "", "a quotation mark is not closed")]
    assert sum(len(line.points) for line in lines) == 98


def test_a_row_without_end_takes_no_memory() -> None:
    content = b"time,a\n" + b'"ab\n","cd' * 200_000
    reader = Reader(guess(content, "x.csv", "d"), ["time", "a"], 0, 0)
    tracemalloc.start()
    for line in islice(reader.lines([content], header=True), 300):
        assert line.problems
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_line_in_another_encoding_is_said() -> None:
    good = b"2025-11-20T12:00:00Z,a,T\xc3\xbcr,1\n"
    content = b"time,device,metric,value\n" + good * 3_000 + b"2025-11-20T12:00:00Z,a,T\xfcr,1\n"
    lines = read(content, guess(content[:HEAD], "x.csv"))
    assert problems(lines) == [(3_002, "", "not utf-8-sig: byte 25 of the line")]


@pytest.mark.parametrize("bad", ["a\\u0000b", "\\ud800", "a b", "x" * 129])
def test_what_is_no_device_key_is_refused(bad: str) -> None:
    content = (
        f'{{"time":"2025-11-20T12:00:00Z","device":"{bad}","metric":"t","value":1}}\n'.encode()
    )
    (line,) = read(content, guess(content, "x.jsonl"))
    assert line.problems[0].column == "device"
    assert line.problems[0].reason.isprintable()


def test_half_a_character_is_no_text_and_no_unit() -> None:
    head = '{"time":"2025-11-20T12:00:00Z","device":"a","metric":"t","kind":"","value":'
    content = f'{head}"\\ud800","unit":""}}\n{head}1,"unit":"\\u0000"}}\n'.encode()
    lines = read(content, guess(content, "x.jsonl"))
    assert [column for _line, column, _reason in problems(lines)] == ["value", "unit"]


def test_a_comma_in_a_text_is_no_decimal_mark() -> None:
    content = b"time;T;place\n2025-11-20T12:00:00Z;21.5;Hall 3, north\n"
    mapping = guess(content, "x.csv", "a")
    assert values(read(content, mapping))[0] == ("a", "T", T0, 21.5)
    wrong = replace(mapping, decimal=",")
    assert problems(read(content, wrong)) == [(2, "T", "'21.5' is no number with a decimal comma")]


def test_a_line_with_a_cell_too_many_is_said() -> None:
    content = b"time,T\n2025-11-20T12:00:00Z,21,5\n2025-11-20T12:00:01Z,21,\n"
    lines = read(content, guess(content, "x.csv", "a"))
    assert problems(lines) == [(2, "", "3 columns, 2 are expected")]
    assert [value for *_key, value in values(lines)] == [21.0]


def test_row_numbers_without_a_name_are_passed_over() -> None:
    content = b'"date","T"\n"1","2025-11-20 12:00:00",21\n"2","2025-11-20 12:00:01",22\n'
    mapping = guess(content, "x.csv", "a")
    assert mapping.skip_first
    assert [value for *_key, value in values(read(content, mapping))] == [21.0, 22.0]


@pytest.mark.parametrize("time", ["9999-12-31T23:00:00Z", "20251120", "1969-12-31"])
def test_times_that_cannot_be_are_refused(time: str) -> None:
    content = f"time,T\n{time},1\n".encode()
    (line,) = read(content, guess(content, "x.csv", "a"))
    assert line.problems[0].column == "time"


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"\xff\xfe\x00", b"\x00" * 100, b'"', b"{", b'{"a":' + b"[" * 60_000],
)
def test_nonsense_is_survived(content: bytes, name: str) -> None:
    mapping = guess(content, name, "a")
    if mapping.time:
        read(content, mapping)
    else:
        with pytest.raises(BadMapping):
            mapping_of(mapping.options(), columns_of(content, mapping))


def test_files_of_spreadsheets_in_other_encodings() -> None:
    content = "time,K\u00fcche\n2025-11-20T12:00:00Z,1\n".encode("cp1252")
    mapping = guess(content, "x.csv", "a")
    assert mapping.encoding == "cp1252"
    assert values(read(content, mapping)) == [("a", "Küche", T0, 1.0)]
    marked = b"\xef\xbb\xbf" + b"time,a\n2025-11-20T12:00:00Z,1\n"
    assert values(read(marked, guess(marked, "x.csv", "a"))) == [("a", "a", T0, 1.0)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time": []}, "time"),
        ({"time": ["when"]}, "time"),
        ({"value": "b", "fixed_metric": "x"}, "value"),
        ({"metrics": [], "value": "b"}, "metric"),
        ({"metrics": ["z"]}, "metrics"),
        ({"fixed_device": ""}, "device"),
        ({"fixed_device": "no spaces"}, "device"),
        ({"zone": "Nowhere"}, "zone"),
        ({"order": "ydm"}, "order"),
        ({"decimal": ";"}, "decimal"),
        ({"delimiter": "x"}, "delimiter"),
        ({"nonsense": 1}, "nonsense"),
        ({"encoding": "rot13"}, "encoding"),
        ({"encoding": 5}, "encoding"),
        ({"format": "xml"}, "format"),
        ({"missing": 5}, "missing"),
        ({"missing": [["a"]]}, "missing"),
        ({"fixed_metric": 5}, "fixed_metric"),
        ({"kind": {}}, "kind"),
        ({"create": "yes"}, "create"),
        ({"unit": "a\0"}, "unit"),
        ({"time": ["twice"]}, "time"),
    ],
)
def test_a_mapping_that_cannot_be_names_the_field(change: dict[str, Any], field: str) -> None:
    content = b"time,a,b\n"
    guessed = guess(content, "x.csv", "d").options()
    with pytest.raises(BadMapping) as refused:
        mapping_of({**guessed, **change}, ["time", "a", "b", "twice", "twice"])
    assert refused.value.parameter == field


def test_reading_goes_on_from_any_record() -> None:
    content = b'time,a\n2025-11-20T12:00:00Z,"x\ny"\n2025-11-20T12:00:01Z,2\n'
    mapping = guess(content, "x.csv", "d")
    reader = Reader(mapping, ["time", "a"], 0, 0)
    first = next(reader.lines([content], header=True))
    assert first.points[0].text == "x\ny"
    rest = Reader(mapping, ["time", "a"], reader.offset, reader.number)
    assert values(list(rest.lines([content[reader.offset :]], header=False))) == [
        ("d", "a", T0 + 10**6, 2.0)
    ]
    assert rest.number == 4
