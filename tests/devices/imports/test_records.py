"""Records of files that were made to take long."""

from collections.abc import Iterable
from typing import Any

import pytest

from devices.imports import records
from devices.imports.records import MAX_LINES, Record, Records


def read(lines: Iterable[bytes]) -> list[Record]:
    return list(Records(lines, "utf-8", 0, 0).csv(","))


def test_a_row_may_go_on_in_the_next_lines() -> None:
    found = read([b'a,"1\n', b"two\n", b'3",b\n', b"c,d,e\n"])
    assert [(record.line, record.cells) for record in found] == [
        (1, ["a", "1\ntwo\n3", "b"]),
        (4, ["c", "d", "e"]),
    ]


def test_a_quotation_mark_that_is_never_closed_costs_its_own_line() -> None:
    found = read([b'a,"1\n', *[b"b,2\n"] * (MAX_LINES + 5)])
    assert found[0].problem == "a quotation mark is not closed"
    assert [record.cells for record in found[1:]] == [["b", "2"]] * (MAX_LINES + 5)


def test_a_character_that_is_none_is_told_also_in_a_later_line() -> None:
    found = read([b'a,"1\n', b'\xff",b\n', b"c,d\n"])
    assert found[0].problem.startswith("not utf-8")
    assert found[1].cells == ["c", "d"]


@pytest.mark.parametrize(
    "line",
    [b'"' + b"a" * 9_999 + b"\n", b'"""' + b"a" * 9_999 + b"\n", b'""' * 5_000 + b'"\n'],
    ids=["open", "escaped", "quotes"],
)
def test_a_bomb_of_quotation_marks_is_read_in_proportion_to_its_size(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each long line opens a quotation; short ones follow, so that none of it ends."""
    looked_at = 0
    real = records.csv.reader

    def counting(texts: Iterable[str], **options: Any) -> Any:
        def counted() -> Iterable[str]:
            nonlocal looked_at
            for text in texts:
                looked_at += len(text)
                yield text

        return real(counted(), **options)

    monkeypatch.setattr(records.csv, "reader", counting)
    given = [part for _n in range(20) for part in (line, *[b"b\n"] * (MAX_LINES - 1))]
    read(given)
    assert looked_at < 8 * sum(map(len, given))
