"""Files as loggers, spreadsheets and exports of other programs write them."""

from typing import Any

import pytest

from devices.imports.contents import BadFile, as_utf8
from devices.imports.mapping import BadMapping, Mapping, columns_of, guess, mapping_of, units_of
from devices.imports.numbers import DecimalComma, number
from devices.imports.parser import Line, Reader
from devices.imports.timestamps import DateOrder, LocalTimes
from devices.imports.uploads import settled

MINUTE = 60 * 1_000_000
# 2025-10-26 01:00 UTC: when clocks in Berlin are set back, from 3:00 to 2:00.
BACK = 1_761_440_400_000_000


def read(text: str, name: str = "x.csv", **changed: Any) -> list[Line]:
    content = text.encode()
    guessed = guess(content, name, "a")
    mapping = Mapping(**{**guessed.options(), **changed})
    mapping_of(mapping.options(), columns_of(content, mapping))
    units = units_of(content, mapping)
    reader = Reader(mapping, columns_of(content, mapping), 0, 0, units=units)
    return list(reader.lines([content], header=True))


def values(lines: list[Line]) -> list[Any]:
    assert [line.problems for line in lines if line.problems] == []
    return [p.value if p.text is None else p.text for line in lines for p in line.points]


def times(lines: list[Line]) -> list[int]:
    return [p.ts for line in lines for p in line.points]


# --- an hour that comes twice ----------------------------------------------------------


@pytest.mark.parametrize("step", [15, 30, 60, 7])
@pytest.mark.parametrize("way", [1, -1])
def test_the_order_of_lines_tells_which_hour_it_is(step: int, way: int) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")
    expected = [BACK + n * step * MINUTE for n in range(-200 // step, 200 // step)][::way]
    rows = [
        f"{datetime.fromtimestamp(ts / 1e6, berlin).replace(tzinfo=None)},{n}"
        for n, ts in enumerate(expected)
    ]
    lines = read("time,t\n" + "\n".join(rows) + "\n", zone="Europe/Berlin")
    assert times(lines) == expected


def test_metrics_in_lines_of_their_own_have_an_order_of_their_own() -> None:
    rows = [
        f"2025-10-26 {clock},a,{metric},1"
        for clock in ("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")
        for metric in ("t", "rh")
    ]
    lines = read(
        "time,device,metric,value\n" + "\n".join(rows),
        zone="Europe/Berlin",
        fixed_device="",
        device="device",
    )
    hours = [(ts - BACK) // MINUTE for ts in times(lines)]
    assert hours == [-90, -90, -60, -60, -30, -30, 0, 0, 30, 30, 60, 60]


def test_the_rest_of_a_file_knows_what_came_before() -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")
    first = LocalTimes(berlin)
    for clock in ("02:00", "02:45"):
        first.resolve("a", datetime.fromisoformat(f"2025-10-26 {clock}"))
    rest = LocalTimes(berlin, first.pack())
    assert rest.resolve("a", datetime.fromisoformat("2025-10-26 02:15")) == BACK + 15 * MINUTE


def test_times_that_clocks_skip_are_errors_by_line() -> None:
    text = "time,t\n2025-03-30 01:30,1\n2025-03-30 02:30,2\n2025-03-30 03:30,3\n"
    lines = read(text, zone="Europe/Berlin")
    assert [len(line.points) for line in lines] == [1, 0, 1]
    assert lines[1].problems[0][:2] == (3, "time")
    assert "there is no 2025-03-30 02:30 in Europe/Berlin" in lines[1].problems[0].reason
    assert times(lines)[1] - times(lines)[0] == 60 * MINUTE


# --- dates -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "date",
    ["20.11.2025 12:00", "2025/11/20 12:00", "20-Nov-2025 12:00", "20.11.25 12:00",
     "11/20/2025 12:00:00 PM", "20/11/2025 12:00", "2025-11-20T12:00Z", "1763640000"],
)  # fmt: skip
def test_dates_need_no_choice_where_they_tell(date: str) -> None:
    assert times(read(f"time,t\n{date},1\n")) == [1_763_640_000_000_000]


def test_the_whole_file_tells_day_from_month() -> None:
    rows = "".join(f"05/11/2025 12:{n:02},{n}\n" for n in range(60))
    finder = DateOrder()
    text = f"time,t\n{rows}13/11/2025 12:00,1\n".encode()
    for at in range(0, len(text), 7):
        finder.look(text[at : at + 7])
    assert finder.order == "dmy"


def test_what_no_line_tells_is_asked() -> None:
    with pytest.raises(BadMapping, match="3rd of April") as told:
        read("time,t\n05/11/2025 12:00,1\n")
    assert told.value.parameter == "order"
    assert times(read("time,t\n05/11/2025 12:00,1\n", order="dmy")) == [1_762_344_000_000_000]


def test_dates_that_contradict_each_other_are_asked() -> None:
    finder = DateOrder()
    finder.look(b"13/11/2025,1\n11/13/2025,1\n")
    assert finder.order == ""


# --- numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ['time,t\n2025-11-20 12:00,"21,5"\n', "time\tt\n2025-11-20 12:00\t21,5\n",
     "time;t\n2025-11-20 12:00;21,5\n", 'time|t\n2025-11-20 12:00|"1.021,5"\n'],
)  # fmt: skip
def test_decimal_commas_are_seen_in_any_layout(text: str) -> None:
    assert values(read(text)) in ([21.5], [1021.5])


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1_000", "1_000"), ('"1,234.5"', 1234.5), ("1e3", 1000.0), ("٢١", "٢١"), (".5", 0.5)],
)
def test_what_is_a_number(cell: str, value: object) -> None:
    assert values(read(f"time,t\n2025-11-20 12:00,{cell}\n2025-11-20 12:01,1.5\n")) == [value, 1.5]


@pytest.mark.parametrize("cell", ["N/A", "n/a", "NULL", "None", "-", "unavailable", "NaN", " "])
def test_what_was_not_measured_is_nothing(cell: str) -> None:
    assert values(read(f"time,t\n2025-11-20 12:00,{cell}\n2025-11-20 12:01,2\n")) == [2.0]


@pytest.mark.parametrize("cell", ["inf", "-Infinity"])
def test_infinity_is_no_value(cell: str) -> None:
    lines = read(f"time,t\n2025-11-20 12:00,{cell}\n")
    assert "Infinity" in lines[0].problems[0].reason


def test_thousands() -> None:
    assert [number("1.234,5", ","), number("1 234,5", ","), number("1,234")] == [
        1234.5,
        1234.5,
        1234,
    ]
    assert [number("1.5", ","), number("1,5"), number("1e999")] == [None, None, None]


# --- layouts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\ntime;t\n2025-11-20 12:00;21,5\n",
        '"sep=;"\r\ntime;t\r\n2025-11-20 12:00;21,5\r\n',
        "Logger 7\nSerial: 1234\n\ntime,t\n2025-11-20 12:00,21.5\n2025-11-20 12:01,21.5\n",
        "# exported 2025-11-21; by X\n# two lines\ntime;t\n2025-11-20 12:00;21,5\n"
        "2025-11-20 12:01;21,5\n",
        "time,t\n,°C\n2025-11-20 12:00,21.5\n",
        "time,t\nyyyy-mm-dd,[°C]\n2025-11-20 12:00,21.5\n",
    ],
)
def test_what_stands_above_and_below_the_names_is_passed_over(text: str) -> None:
    assert set(values(read(text))) == {21.5}


def test_a_line_of_units_gives_units() -> None:
    lines = read("time,t,rh\n,[°C],%\n2025-11-20 12:00,21.5,40\n")
    assert [p.unit for line in lines for p in line.points] == ["°C", "%"]


def test_a_preamble_keeps_the_numbers_of_lines() -> None:
    lines = read("Logger 7\n\ntime,t\n2025-11-20 12:00,1\nsoon,2\n2025-11-20 12:01,1\n")
    assert [problem.line for line in lines for problem in line.problems] == [5]


def test_a_file_without_names_of_columns_says_so() -> None:
    with pytest.raises(BadMapping, match="give the file a line with column names"):
        read("2025-11-20 12:00,21.5\n2025-11-20 12:01,21.5\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read(encoding: str) -> None:
    content = "time,Küche\n2025-11-20 12:00,21.5\n".encode(encoding)
    pieces = [content[:9], content[9:]] if encoding == "utf-16" else [content]
    assert b"".join(as_utf8(pieces)).decode() == "time,Küche\n2025-11-20 12:00,21.5\n"


@pytest.mark.parametrize(
    ("head", "words"),
    [(b"PK\x03\x04", "save it as CSV"), (b"\x1f\x8b", "unpack it"), (b"%PDF-1.7", "PDF"),
     (b"<html>", "HTML"), (b"SQLite format 3\0", "SQLite")],
)  # fmt: skip
def test_what_is_no_text_is_refused_in_words_that_help(head: bytes, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        list(as_utf8([head + b"\0" * 100]))


# --- found by trying -------------------------------------------------------------------


def settled_values(text: str, name: str = "x.csv", **changed: Any) -> list[Line]:
    """Read as an upload is: what the first lines do not tell, the whole file does."""
    content = text.encode()
    dates, commas = DateOrder(), DecimalComma()
    for at in range(0, len(content), 11):
        commas.look(dates.look(content[at : at + 11]))
    mapping = settled(guess(content, name, "a"), dates, commas)
    mapping = Mapping(**{**mapping.options(), **changed})
    columns = columns_of(content, mapping)
    reader = Reader(mapping_of(mapping.options(), columns), columns, 0, 0)
    return list(reader.lines([content], header=True))


def test_decimal_commas_that_begin_late_are_found() -> None:
    rows = "".join(f"20.11.2025 05:{n:02};0\n" for n in range(50))
    text = f"Zeit;P\n{rows}20.11.2025 06:00;0,125\n20.11.2025 06:01;12,5\n20.11.2025 06:02;1,234\n"
    assert values(settled_values(text))[-3:] == [0.125, 12.5, 1.234]


def test_a_column_of_versions_does_not_decide_on_the_decimal_mark() -> None:
    text = "Zeit;T;FW\n2025-11-20 12:00;21,5;1.2\n2025-11-20 12:01;21,543;1.2\n"
    lines = settled_values(text)
    assert [p.value for line in lines for p in line.points if p.metric == "T"] == [21.5, 21.543]


@pytest.mark.parametrize(
    ("cell", "delimiter", "words"),
    [("12,5", ";", "no number with a decimal point"), ("0,123", ";", "no number with"),
     ("1,234", ";", "may be a thousand"), ('"0,123"', ",", "no number with")],
)  # fmt: skip
def test_a_number_that_may_be_another_is_refused(cell: str, delimiter: str, words: str) -> None:
    text = f"time{delimiter}t\n2025-11-20 12:00{delimiter}{cell}\n"
    lines = read(text, decimal=".")
    assert words in lines[0].problems[0].reason


@pytest.mark.parametrize("cell", ["1\u00a0234,5", "1\u202f234,5", "1'234,5", "1.234,5"])
def test_thousands_of_several_countries(cell: str) -> None:
    assert values(read(f"time;t\n2025-11-20 12:00;{cell}\n2025-11-20 12:01;1,5\n"))[0] == 1234.5


@pytest.mark.parametrize(("cell", "value"), [("1'234.5", 1234.5), ("\u22125.5", -5.5)])
def test_marks_of_thousands_and_minus_signs(cell: str, value: float) -> None:
    assert values(read(f"time;t\n2025-11-20 12:00;{cell}\n")) == [value]


@pytest.mark.parametrize("names", ["Datum;Uhrzeit", "Date;Time", "Datum;Zeit", "Fecha;Hora"])
def test_a_day_and_a_time_of_day_in_two_columns(names: str) -> None:
    lines = read(f"{names};T\n20.11.2025;12:00;1,5\n20.11.2025;12:05;1,6\n")
    assert times(lines) == [1_763_640_000_000_000, 1_763_640_300_000_000]


def test_keys_of_json_that_come_late_are_told() -> None:
    early = '{"ts":1763640000,"device":"a","t":1}\n'
    text = early * 5_000 + '{"ts":1763640001,"device":"a","h":40}\n'
    content = text.encode()
    mapping = guess(content[:65_536], "x.jsonl", "a")
    reader = Reader(mapping, columns_of(content[:65_536], mapping), 0, 0)
    (problem,) = [p for line in reader.lines([content], header=False) for p in line.problems]
    assert (problem.line, problem.column) == (5_001, "h")


@pytest.mark.parametrize("way", [1, -1])
def test_lines_of_one_moment_stay_together_in_the_hour_that_comes_twice(way: int) -> None:
    clocks = ["02:00", "02:15", "02:30", "02:45"] * 2
    rows = [f"2025-10-26 {clock},{cells}" for clock in clocks for cells in ("1,", ",2")]
    text = "\n".join(["2025-10-26 01:45,1,", *rows, "2025-10-26 03:00,1,"][::way])
    found = times(read(f"time,t,u\n{text}\n", zone="Europe/Berlin"))[::way]
    steps = sorted(set(found))
    assert len(steps) == 10
    assert found == sorted(found)


def test_years_of_two_digits_between_slashes_are_asked() -> None:
    text = "time,t\n25/11/18,1\n25/11/19,2\n"
    with pytest.raises(BadMapping):
        settled_values(text)
    assert times(settled_values(text, order="ymd"))[0] == 1_763_424_000_000_000


def test_dates_within_other_texts_decide_nothing() -> None:
    rows = "".join(f"3/4/2025 12:{n:02},{n},\n" for n in range(50))
    with pytest.raises(BadMapping):
        settled_values(f"time,t,note\n{rows}3/4/2025 13:00,1,calibrated 13/4/2024\n")


@pytest.mark.parametrize("cell", ["20.11.2025 00:00-00:15", "2025-11-20 12:00-13:00"])
def test_a_span_of_hours_is_no_offset(cell: str) -> None:
    lines = read(f"time,t\n2025-11-20 12:00,1\n2025-11-20 12:01,1\n{cell},1\n")
    assert len(lines[2].problems) == 1


@pytest.mark.parametrize("cell", ["20251120120000", "1.76364E+09"])
def test_numbers_that_are_times(cell: str) -> None:
    assert times(read(f"ts,t\n{cell},1\n")) == [1_763_640_000_000_000]


def test_the_header_is_what_stands_above_data() -> None:
    text = "sep=;\nLogger 7\n\nZeit;T\n2025-11-20 12:00;21,5\n2025-11-20 12:01;21,5\n"
    lines = read(text)
    assert {p.metric for line in lines for p in line.points} == {"T"}
    assert set(values(lines)) == {21.5}


def test_lines_of_units_and_of_kinds_stand_below_the_names() -> None:
    lines = read(
        '"TOA5","Station 7","CR1000","1234"\n"TIMESTAMP","RECORD","Air"\n'
        '"TS","RN","Deg C"\n"","","Avg"\n'
        '"2025-11-20 12:00:00",0,21.5\n"2025-11-20 12:01:00",1,21.6\n'
    )
    assert [len(line.problems) for line in lines] == [1, 0, 0]
    points = [p for line in lines for p in line.points if p.metric == "Air"]
    assert [(p.value, p.unit) for p in points] == [(21.5, "Deg C"), (21.6, "Deg C")]


def test_a_year_of_two_digits_is_never_in_the_middle() -> None:
    rows = "1,11/20/25 12:00:00 PM,21.5\n2,11/20/25 12:01:00 PM,21.6\n"
    text = f'"Plot: Roof"\n"#","Date Time, GMT+01:00","Temp"\n{rows}'
    assert times(settled_values(text))[0] == 1_763_640_000_000_000
