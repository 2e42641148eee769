"""Photographs and drawings of pixels: made smaller, turned upright, written anew.

What cameras write beside the pixels (where, when, by whom) is left out.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.utils.translation import gettext
from PIL import Image, ImageOps, UnidentifiedImageError

from dashboards.pictures.cleaned import Cleaned
from dashboards.pictures.errors import BadPicture

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
# Pixels: of a plain JPEG, which is read at an eighth of its size where that is enough; of others.
JPEG_PIXELS, PIXELS = 80_000_000, 25_000_000
# Longest side of what is kept, in pixels.
SIDE = 2_560
QUALITY = 85
# Passes that a JPEG is written in; cameras and programs write about ten.
SCANS = 64
# Looked at here, with limits of our own.
Image.MAX_IMAGE_PIXELS = None
# One at a time: each takes room for all of its pixels.
_one_by_one = Lock()
WAIT_SECONDS = 10.0


def cleaned(data: bytes) -> Cleaned:
    """Return a picture as it is kept.

    Args:
        data: of a JPEG, PNG, WebP or GIF (of which the first picture is taken).

    Raises:
        BadPicture: it is none of these, broken, or too large.
    """
    _look_at_passes(data)
    with _alone():
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return _cleaned(image)
        except UnidentifiedImageError as error:
            words = gettext("This is no picture that is read here: PNG, JPEG, WebP, GIF or SVG.")
            raise BadPicture(words) from error
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            if isinstance(error, BadPicture):
                raise
            raise BadPicture(gettext("This picture is broken.")) from error


def _look_at_passes(data: bytes) -> None:
    # Of a JPEG each is drawn over the whole picture, however little is in it.
    if data[:2] == b"\xff\xd8" and data.count(b"\xff\xda") > SCANS:
        raise BadPicture(gettext("This picture is written in more passes than are read here."))


def pixels_of(data: bytes) -> int:
    """Return how many pixels a picture has, by what it says itself.

    Raises:
        BadPicture: it is none, or written in too many passes.
    """
    _look_at_passes(data)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.width * image.height
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise BadPicture(gettext("This picture is broken.")) from error


@contextmanager
def _alone() -> Iterator[None]:
    if not _one_by_one.acquire(timeout=WAIT_SECONDS):
        raise BadPicture(gettext("Others are sending pictures just now: try again in a minute."))
    try:
        yield
    finally:
        _one_by_one.release()


def _cleaned(image: Image.Image) -> Cleaned:
    is_photo = image.format == "JPEG"
    # Of a progressive one all is held before anything is seen.
    is_large = is_photo and not image.info.get("progressive")
    most = JPEG_PIXELS if is_large else PIXELS
    width, height = image.size
    if width * height > most:
        told = {"width": width, "height": height, "most": most // 1_000_000}
        words = gettext(
            "%(width)d × %(height)d pixels are more than %(most)d million: make it smaller first."  # noqa: RUF001
        )
        raise BadPicture(words % told)
    if is_photo:
        image.draft("RGB", (SIDE, SIDE))
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((SIDE, SIDE))
    plain = upright.convert("RGB" if is_photo or not _has_alpha(upright) else "RGBA")
    plain.info = {}  # comments, among others
    written = io.BytesIO()
    if is_photo:
        plain.save(written, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    else:
        plain.save(written, "PNG", optimize=False)
    return Cleaned(written.getvalue(), f"image/{'jpeg' if is_photo else 'png'}", *plain.size)


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
