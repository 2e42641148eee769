"""Files of all kinds: the guess, what is read, and what is said of broken lines."""

from typing import Any

import pytest

from devices.imports.mapping import BadMapping, Mapping, columns_of, guess, mapping_of
from devices.imports.reading import Line, Reader

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
        (6, "time", "the time lies before 1970, or outside the calendar"),
    ]
    assert values(lines) == [("a", "t", T0, 2.0)]


def test_good_cells_of_a_bad_line_are_kept() -> None:
    content = b"time,a,b\n2025-11-20T12:00:00Z,1," + b"x" * 5_000 + b"\n"
    lines = read(content, guess(content, "x.csv", "d"))
    assert values(lines) == [("d", "a", T0, 1.0)]
    assert problems(lines) == [(2, "b", "a text has at most 4096 characters, and no NUL")]


def test_a_quotation_mark_that_is_not_closed_ends_somewhere() -> None:
    content = b'time,a\n2025-11-20T12:00:00Z,"' + b"y\n" * 200_000
    lines = read(content, guess(content, "x.csv", "d"))
    assert lines[0].problems


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00", b"\x00" * 100, b'"', b"{"])
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
        ({"order": "ymd"}, "order"),
        ({"decimal": ";"}, "decimal"),
        ({"delimiter": "x"}, "delimiter"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_mapping_that_cannot_be_names_the_field(change: dict[str, Any], field: str) -> None:
    content = b"time,a,b\n"
    guessed = guess(content, "x.csv", "d").options()
    with pytest.raises(BadMapping) as refused:
        mapping_of({**guessed, **change}, ["time", "a", "b"])
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
