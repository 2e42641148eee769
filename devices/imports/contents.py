"""What kind of file it is: UTF-16 is read, what is no text is refused in words that help."""

import codecs
from collections.abc import Iterable, Iterator

# First bytes -> what to do. https://en.wikipedia.org/wiki/List_of_file_signatures
_MAGIC = {
    b"PK\x03\x04": "a workbook of a spreadsheet, or a zip archive: save it as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV (UTF-8)",
    b"\x1f\x8b": "compressed with gzip: unpack it first",
    b"BZh": "compressed with bzip2: unpack it first",
    b"\xfd7zXZ": "compressed with xz: unpack it first",
    b"(\xb5/\xfd": "compressed with zstd: unpack it first",
    b"%PDF": "a PDF: export the data as CSV where they come from",
    b"SQLite format 3": "an SQLite database: export a table as CSV",
    b"PAR1": "a Parquet file: convert it to CSV or JSON Lines",
    b"<?xml": "XML: export it as CSV",
    b"<!DOCTYPE": "HTML: export it as CSV",
    b"<html": "HTML: export it as CSV",
}
_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LOOKED_AT = 400


class BadFile(ValueError):
    """It is no text; the words say what it is, and what to do."""


def as_utf8(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a file's pieces; of UTF-16 as UTF-8.

    Raises:
        BadFile: it is no text.
    """
    decoder: codecs.IncrementalDecoder | None = None
    is_first = True
    for piece in pieces:
        if is_first:
            is_first = False
            encoding = utf16_of(piece)
            decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
        yield decoder.decode(piece).lstrip("\ufeff").encode() if decoder else piece
    if decoder:
        yield decoder.decode(b"", final=True).encode()


def utf16_of(head: bytes) -> str:
    """Return which kind of UTF-16 a file is, by its first bytes; empty where it is none.

    Raises:
        BadFile: it is no text.
    """
    for magic, words in _MAGIC.items():
        if head.startswith(magic):
            raise BadFile(f"this is {words}")
    if head[:2] in _MARKS:
        return _MARKS[head[:2]]
    looked = head[:_LOOKED_AT]
    even, odd = looked[::2].count(0), looked[1::2].count(0)
    half = len(looked) // 2
    if half and odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if half and even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    return ""
