"""SVG without anything that acts or reaches out: shapes, texts and colours alone.

What is kept is shown as a picture, where browsers run no scripts and load nothing; it is
cleaned besides, for whoever opens it by its own address or saves it.
https://www.w3.org/TR/SVG2/conform.html#secure-static-mode
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, register_namespace, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext

from dashboards.pictures import raster, references
from dashboards.pictures.cleaned import Cleaned
from dashboards.pictures.errors import BadPicture

BYTES, ELEMENTS, LEVELS = 2_000_000, 20_000, 64
# Characters of a length, of four of them.
LENGTH, LENGTHS = 32, 128
# Where it says nothing of its size.
SIZE = (800, 600)
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_KEPT = frozenset(
    (
        *("svg", "g", "defs", "symbol", "use", "title", "desc", "image", "text", "tspan"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "textPath"),
        *("linearGradient", "radialGradient", "stop", "clipPath", "mask", "pattern", "marker"),
    )
)
# Handlers; and what would make a small drawing large, or slow.
_NO_ATTRIBUTE = re.compile(
    r"(?i)^(on.*|style|class|id|href|filter|pathLength|vector-effect|.*blend-mode|enable-background)$"
)
# What a style may say.
_STYLES = re.compile(
    r"(?i)^(fill|stroke|font|text|stop|clip|marker|letter|word|baseline|dominant|alignment)(-[a-z-]+)?$"
    r"|^(opacity|color|display|visibility|mask|paint-order|writing-mode|overflow)$"
)
_PIXELS = re.compile(r"^data:image/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]*$")
# What a value may not have: an address outside, a script, an escape that hides one.
_REACHES_OUT = re.compile(
    r"(?i)@import|expression|javascript:|\\|/\*"
    r"|\b(?:image-set|image|src|cross-fade|element|paint)\s*\("
)
register_namespace("", _SVG)
register_namespace("xlink", _XLINK)


def is_svg(data: bytes) -> bool:
    """Return whether `data` may be an SVG."""
    head = data[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b"<?xml", b"<svg", b"<!--", b"<!DOCTYPE"))


def cleaned(data: bytes) -> Cleaned:
    """Return an SVG as it is kept.

    Raises:
        BadPicture: it is none, too large, or nested too deeply.
    """
    if len(data) > BYTES:
        raise BadPicture(gettext("An SVG may have %d bytes.") % BYTES)
    try:
        root = fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadPicture(gettext("This SVG cannot be read: %s") % _short(error)) from error
    if root.tag != f"{{{_SVG}}}svg":
        raise BadPicture(gettext("This is no SVG."))
    _look_at_size(root)
    _look_at_images(root)
    _clean(root, 0)
    references.name_once(root)
    if not references.is_drawn_within_bounds(root):
        words = gettext("This SVG copies, masks or paints with its own parts too often.")
        raise BadPicture(words)
    width, height = _size(root)
    root.set("width", str(width))
    root.set("height", str(height))
    return Cleaned(tostring(root, encoding="utf-8"), "image/svg+xml", width, height)


def _short(error: Exception) -> str:
    return str(error)[:200]


def _look_at_size(root: Element) -> None:
    if sum(1 for _one in root.iter()) > ELEMENTS:
        raise BadPicture(gettext("This SVG is too large: it may have %d parts.") % ELEMENTS)


def _look_at_images(root: Element) -> None:
    """Refuse pictures in it that are larger than such a picture alone may be."""
    pixels = 0
    for one in root.iter(f"{{{_SVG}}}image"):
        for name in ("href", f"{{{_XLINK}}}href"):
            value = one.get(name, "")
            if _PIXELS.match(value):
                pixels += raster.pixels_of(_decoded(value))
    if pixels > raster.PIXELS:
        words = gettext("The pictures in this SVG have more than %d million pixels.")
        raise BadPicture(words % (raster.PIXELS // 1_000_000))


def _decoded(value: str) -> bytes:
    try:
        return b64decode(value.partition(",")[2])
    except ValueError as error:
        raise BadPicture(gettext("A picture in this SVG is broken.")) from error


def _clean(element: Element, level: int) -> None:
    """Take out of `element` whatever is not known to be harmless."""
    if level > LEVELS:
        raise BadPicture(gettext("This SVG is nested too deeply."))
    if style := element.attrib.pop("style", ""):
        style = _style(style)
    if style:
        element.set("style", style)
    for name, value in list(element.attrib.items()):
        if not _is_kept(name, value, element.tag):
            del element.attrib[name]
    kept: list[Element] = []
    for child in element:
        if _name(str(child.tag)) in _KEPT:
            _clean(child, level + 1)
            kept.append(child)
        elif child.tail and child.tail.strip():
            # The text behind what is taken out stays.
            _append_text(element, kept, child.tail)
    element[:] = kept


def _name(tag: str) -> str:
    """Return the name of an SVG element; empty for any other."""
    return tag.removeprefix(f"{{{_SVG}}}") if tag.startswith(f"{{{_SVG}}}") else ""


def _style(text: str) -> str:
    """Return what of a style is kept."""
    said = (one.partition(":") for one in text.split(";"))
    return ";".join(
        f"{name.strip().lower()}:{value}"
        for name, colon, value in said
        if colon
        and _STYLES.match(name.strip())
        and not _REACHES_OUT.search(value)
        and references.are_plain(value)
    )


def _append_text(parent: Element, kept: list[Element], text: str) -> None:
    """Put `text` behind the last child that is kept."""
    if kept:
        kept[-1].tail = (kept[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def _is_kept(name: str, value: str, tag: object) -> bool:
    if name in {"href", f"{{{_XLINK}}}href"}:
        is_pixels = tag == f"{{{_SVG}}}image" and _PIXELS.match(value)
        return bool(references.INSIDE.match(value) or is_pixels)
    if name.startswith("{") or _REACHES_OUT.search(value) or not references.are_plain(value):
        return False
    return name in {"style", "class", "id"} or not _NO_ATTRIBUTE.match(name)


def _size(root: Element) -> tuple[int, int]:
    sizes = [_length(root.get(name, "")) for name in ("width", "height")]
    box = list(_numbers(root.get("viewBox", "")[:LENGTHS]))
    if not all(sizes) and len(box) == 4:
        sizes = box[2:]
    if not all(0 < one < 1e5 for one in sizes):
        sizes = [float(one) for one in SIZE]
    if len(box) != 4:
        root.set("viewBox", f"0 0 {sizes[0]:g} {sizes[1]:g}")
    return max(1, round(sizes[0])), max(1, round(sizes[1]))


def _length(text: str) -> float:
    """Return a length in pixels; 0: it is none, or in another unit."""
    return next(_numbers(text.strip().removesuffix("px")), 0.0) if len(text) <= LENGTH else 0.0


def _numbers(text: str) -> Iterator[float]:
    for part in re.split(r"[\s,]+", text.strip()):
        try:
            yield float(part)
        except ValueError:
            return
