"""Pictures that are small to send, and would keep a server or a browser busy."""

import base64
import io
import itertools
import struct

import pytest
from PIL import Image

from dashboards.pictures import raster, storing, vector
from dashboards.pictures.errors import BadPicture

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" '


@pytest.mark.parametrize(
    "length",
    ["1" * 1_900_000 + "x", "10" + " " * 1_900_000 + "x", ".1" * 900_000, "1e" * 900_000],
)
def test_a_length_without_end_is_none(length: str) -> None:
    # With an expression that goes back over it, this takes longer than the test may.
    found = vector.cleaned(f'{HEAD}width="{length}" height="20"><rect/></svg>'.encode())
    assert (found.width, found.height) == vector.SIZE


def test_a_box_without_end_is_none() -> None:
    found = vector.cleaned(f'{HEAD}viewBox="{"1 " * 900_000}"><rect/></svg>'.encode())
    assert found.width == vector.SIZE[0]


def test_what_is_taken_out_costs_the_same_each_time() -> None:
    many = "<g/>" * 9_900 + "<x/>t" * 9_900
    found = vector.cleaned(f"{HEAD}>{many}</svg>".encode())
    assert found.data.count(b"<g") == 9_900
    assert b"t" * 9_900 in found.data


def test_masks_in_masks_are_refused_however_deep() -> None:
    masks = "".join(f'<mask id="m{n}"><g mask="url(#m{n + 1})"/></mask>' for n in range(9_000))
    with pytest.raises(BadPicture, match="too often"):
        vector.cleaned(f'{HEAD}>{masks}<g mask="url(#m0)"/></svg>'.encode())


def test_a_picture_in_an_svg_is_no_larger_than_one_alone() -> None:
    written = io.BytesIO()
    Image.new("1", (6_000, 6_000)).save(written, "PNG")
    inside = base64.b64encode(written.getvalue()).decode()
    image = f'<image href="data:image/png;base64,{inside}"/>'
    with pytest.raises(BadPicture, match="million pixels"):
        vector.cleaned(f"{HEAD}>{image}</svg>".encode())


@pytest.mark.parametrize(
    "style",
    ["fill:image-set('http://e/x' 1x)", "background:src('http://e')", "mask:IMAGE ( 'x' )"],
)
def test_a_saved_drawing_reaches_out_to_nobody(style: str) -> None:
    found = vector.cleaned(f'{HEAD}><rect style="{style}"/></svg>'.encode())
    assert b"style" not in found.data


def scans(number: int) -> bytes:
    """Return a progressive JPEG that goes over its picture so many times more."""
    written = io.BytesIO()
    Image.new("L", (64, 64)).save(written, "JPEG", progressive=True)
    data = written.getvalue()
    # A scan of one component: nothing but the end of all its blocks.
    again = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 1, 5, 0) + b"\x00" * 4
    return data[:-2] + b"".join(itertools.repeat(again, number)) + data[-2:]


def test_a_photograph_of_many_passes_is_refused() -> None:
    with pytest.raises(BadPicture, match="passes"):
        storing.cleaned(scans(raster.SCANS))


def test_who_sends_pictures_while_others_do_is_told_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(raster, "WAIT_SECONDS", 0.01)
    written = io.BytesIO()
    Image.new("L", (4, 4)).save(written, "PNG")
    with raster._alone(), pytest.raises(BadPicture, match="try again"):
        storing.cleaned(written.getvalue())
    assert storing.cleaned(written.getvalue()).width == 4


def test_a_progressive_photograph_is_held_whole_so_it_is_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(raster, "PIXELS", 1_000)
    for progressive, words in ((True, "million"), (False, "")):
        written = io.BytesIO()
        Image.new("L", (64, 64)).save(written, "JPEG", progressive=progressive)
        if words:
            with pytest.raises(BadPicture, match=words):
                storing.cleaned(written.getvalue())
        else:
            assert storing.cleaned(written.getvalue()).width == 64
