"""Pictures: what is kept of them, and what is refused in words."""

import base64
import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from dashboards.pictures import raster, storing, vector
from dashboards.pictures.errors import BadPicture

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {0}>'
    "{1}</svg>"
)
GPS = 0x8825


def picture(kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", **more: Any) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, more.pop("color", 0)).save(written, kind, **more)
    return written.getvalue()


def svg(inner: str, size: str = 'width="40" height="20"') -> str:
    return vector.cleaned(SVG.format(size, inner).encode()).data.decode()


@pytest.mark.parametrize(
    ("kind", "mode", "media"),
    [
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("PNG", "RGBA", "image/png"),
        ("PNG", "P", "image/png"),
        ("PNG", "I;16", "image/png"),
        ("WEBP", "RGB", "image/png"),
        ("GIF", "P", "image/png"),
    ],
)
def test_pictures_of_pixels(kind: str, mode: str, media: str) -> None:
    found = storing.cleaned(picture(kind, mode=mode))
    assert found[1:] == (media, 40, 20)
    assert Image.open(io.BytesIO(found.data)).size == (40, 20)


def test_what_a_camera_writes_beside_the_pixels_is_left_out() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "Camera of Anna"
    exif.get_ifd(GPS)[1] = "N"
    found = storing.cleaned(picture("JPEG", exif=exif, comment=b"at home"))
    assert (found.width, found.height) == (20, 40)
    assert b"Anna" not in found.data
    assert b"at home" not in found.data
    assert not Image.open(io.BytesIO(found.data)).getexif()


def test_a_large_picture_becomes_smaller() -> None:
    found = storing.cleaned(picture("JPEG", (5_000, 2_500)))
    assert (found.width, found.height) == (2_560, 1_280)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that says it has so many pixels, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing in this file"),
        (b"hello", "no picture that is read here"),
        (picture("BMP"), "no picture that is read here"),
        (picture("TIFF"), "no picture that is read here"),
        (picture("PNG")[:60], "broken"),
        (picture("JPEG", (200, 200))[:300], "broken"),
        (bomb(10_000, 10_000), "10000 . 10000 pixels are more than 25 million"),
        (bomb(60_000, 60_000), "million"),
        (bomb(1_000, 1_000), "broken"),
        (b"<svg>", "cannot be read"),
        (b"<svg></svg>", "no SVG"),
        (b"<?xml version='1.0'?><html/>", "no SVG"),
        (b"<!DOCTYPE svg [<!ENTITY a 'a'>]><svg>&a;</svg>", "cannot be read"),
        (SVG.format("", "<g>" * 100 + "</g>" * 100).encode(), "nested too deeply"),
        (SVG.format("", "<path/>" * 30_000).encode(), "too large"),
        (b"<svg" + b" " * 3_000_000, "may have"),
        (b"<?xml version='1.0' encoding='nonsense'?><svg/>", "cannot be read"),
    ],
)
def test_what_is_refused_is_told(data: bytes, words: str) -> None:
    with pytest.raises(BadPicture, match=words):
        storing.cleaned(data)


def test_a_file_that_is_too_large_is_not_read() -> None:
    with pytest.raises(BadPicture, match="5 MB"):
        storing.read(io.BytesIO(bytes(storing.BYTES + 1)))


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        "<g onload='alert(1)'/>",
        "<g ONCLICK='alert(1)'/>",
        "<a href='https://evil.example/'><text>x</text></a>",
        "<a xlink:href='javascript:alert(1)'/>",
        "<use href='https://evil.example/x.svg#a'/>",
        "<use xlink:href='data:image/svg+xml;base64,AAAA'/>",
        "<image href='https://evil.example/x.png'/>",
        "<image href='data:image/svg+xml;base64,AAAA'/>",
        "<rect fill='url(https://evil.example/#a)'/>",
        "<rect style='fill: url(&quot;//evil.example/&quot;)'/>",
        "<rect style='background: u\\72l(//evil.example)'/>",
        "<style>@import url(https://evil.example/);</style>",
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>evil.example</body></foreignObject>",
        "<animate attributeName='href' to='javascript:alert(1)'/>",
        "<set attributeName='onload' to='alert(1)'/>",
        "<html:script xmlns:html='http://www.w3.org/1999/xhtml'>alert(1)</html:script>",
        "<handler xmlns='http://www.w3.org/2001/xml-events'>alert(1)</handler>",
        "<text xml:base='https://evil.example/'>x</text>",
        "<?xml-stylesheet href='https://evil.example/'?>",
    ],
)
def test_what_acts_or_reaches_out_is_taken_out(inner: str) -> None:
    found = svg(inner)
    assert "evil" not in found
    assert "alert" not in found
    assert "data:image/svg" not in found


def test_what_is_drawn_stays() -> None:
    inner = (
        "<defs><linearGradient id='a'><stop offset='1' stop-color='red'/></linearGradient></defs>"
        "<g class='b' transform='scale(2)' style='stroke: #f00'><rect fill='url(#a)' width='3'/>"
        "<use xlink:href='#c'/><text>a<script>x</script>b</text></g><path id='c' d='M0 0L1 1'/>"
        "<image href='data:image/png;base64,{}' width='2'/>"
    ).format(base64.b64encode(picture("PNG")).decode())
    found = svg(inner)
    for part in ("linearGradient", "url(#a)", "scale(2)", "stroke: #f00", "#c", ">ab<", "M0 0"):
        assert part in found
    assert "data:image/png" in found
    assert 'viewBox="0 0 40 20"' in found


@pytest.mark.parametrize(
    "inner",
    [
        "<g id='a'><use href='#a'/></g>",
        "<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g>",
        "<g id='a'>" + "<path/>" * 1_000 + "</g>" + "<use href='#a'/>" * 200,
        *(
            "<defs>"
            + "".join(
                f"<{kind} id='m{n}'>" + f"<g {how.format(n + 1)}/>" * 10 + f"</{kind}>"
                for n in range(12)
            )
            + f"</defs><g {how.format(0)}/>"
            for kind, how in (
                ("mask", "mask='url(#m{})'"),
                ("mask", "mask=\"url('#m{}')\""),
                ("pattern", "style='fill: url(\"#m{}\")'"),
                ("clipPath", "clip-path='url(#m{})'"),
            )
        ),
    ],
)
def test_copies_of_copies_would_multiply(inner: str) -> None:
    with pytest.raises(BadPicture, match="too often"):
        svg(inner)


@pytest.mark.parametrize(
    "spelled",
    ["url( #m)", "URL(#m)", "url(#%6d)", "url(/**/#m)", "url(#m", "url(#m n)", "url('#m)"],
)
def test_a_reference_in_another_spelling_is_taken_off(spelled: str) -> None:
    found = svg(f'<mask id="m"/><g mask="{spelled}"/><g style="mask:{spelled};fill:red"/>')
    assert "rl(" not in found
    assert 'style="fill:red"' in found


def test_a_name_is_kept_once_and_plain() -> None:
    found = svg('<g id="a"/><path id="a"/><g id="b)c"/><g id="x y"/><g id="9"/><g id="ä"/>')
    assert found.count(" id=") == 1
    assert '<g id="a"' in found


@pytest.mark.parametrize(
    "inner",
    [
        f"<path id='p' d='{'M0 0L9 9' * 20_000}'/>" + "<use href='#p'/>" * 3_000,
        "<g stroke-dasharray='0.001'>" + "<path d='M0 0H5000'/>" * 5_000 + "</g>",
        "<path style='stroke-dasharray: .001 .001' d='M0 0h1e9'/>" + "<rect width='9999999'/>" * 99,
        f"<marker id='m'><path/></marker><path marker-mid='url(#m)' d='{'L1 1' * 90_000}'/>",
        "<g opacity='0.5'><rect/></g>" * 5_000,
        f"<marker id='m'><path/></marker><g marker-mid='url(#m)'><path d='{'L1 1' * 90_000}'/></g>",
        "<pattern id='p'><path/></pattern><g fill='url(#p)'>" + "<rect/>" * 9_000 + "</g>",
        "<marker id='m'><path/></marker><g style='MARKER-mid:url(#m)'>"
        f"<path d='{'L1 1' * 90_000}'/></g>",
        "<g style='OPACITY:0.5'><rect/></g>" * 5_000,
        "<radialGradient id='g'/>" + "<rect width='40' height='20' fill='url(#g)'/>" * 19_000,
        "<g style='opacity:0.5'><rect/></g>" * 5_000,
    ],
)
def test_what_takes_a_browser_long_is_refused(inner: str) -> None:
    with pytest.raises(BadPicture, match="too often"):
        svg(inner)


@pytest.mark.parametrize(
    "style",
    [
        "filter: blur(50px)",
        "mix-blend-mode:screen",
        "backdrop-filter:x",
        "animation: a 1s",
        "d:path()",
    ],
)
def test_of_a_style_what_draws_stays(style: str) -> None:
    found = svg(f"<rect style='stroke:#f00;{style}' filter='blur(9px)' pathLength='1' width='3'/>")
    assert 'style="stroke:#f00"' in found
    assert "blur" not in found
    assert "pathLength" not in found


def test_a_plan_with_thousands_of_dashed_lines_is_kept() -> None:
    found = svg("<path stroke-dasharray='4 2' d='M0 0L100 100'/>" * 5_000)
    assert found.count("stroke-dasharray") == 5_000


def test_a_drawing_with_ordinary_references_is_kept() -> None:
    found = svg(
        "<defs><clipPath id='c'><rect width='9'/></clipPath><g id='seat'><path d='M0 0'/></g>"
        "<g id='row'><use href='#seat'/><use href='#seat'/></g></defs>"
        "<g clip-path='url(#c)'><use href='#row'/><use href='#row'/></g>"
    )
    assert found.count("<use") == 4
    assert "url(#c)" in found


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ('width="40" height="20"', (40, 20)),
        ('width="40px" height="20.4px"', (40, 20)),
        ('viewBox="0 0 300,200"', (300, 200)),
        ('width="100%" height="100%" viewBox="0 0 30 20"', (30, 20)),
        ('width="1e9" viewBox="x"', vector.SIZE),
        ("", vector.SIZE),
    ],
)
def test_how_large_an_svg_is(size: str, expected: tuple[int, int]) -> None:
    found = vector.cleaned(SVG.format(size, "").encode())
    assert (found.width, found.height) == expected


def test_the_largest_pictures_are_read_one_at_a_time() -> None:
    assert raster._one_by_one.acquire(blocking=False)
    raster._one_by_one.release()
