"""Pictures kept with a board or a note."""

from typing import Any, Protocol

from django.db.models import Sum
from django.db.models.functions import Length
from django.utils.translation import gettext

from dashboards.models import Board, Note, Picture
from dashboards.pictures import raster, vector
from dashboards.pictures.cleaned import Cleaned
from dashboards.pictures.errors import BadPicture

# Of a file that comes; pictures of one board, of one note; bytes of one person in all.
BYTES, OF_BOARD, OF_NOTE, OF_PERSON = 5_000_000, 40, 8, 200_000_000


class Readable(Protocol):
    """A file, or a request's body."""

    def read(self, number: int, /) -> bytes:
        """Return so many bytes at most."""
        ...


def read(given: Readable) -> bytes:
    """Return the bytes of a file that somebody sends.

    Raises:
        BadPicture: there are too many.
    """
    data = given.read(BYTES + 1)
    if len(data) > BYTES:
        raise BadPicture(gettext("A picture may have %d MB.") % (BYTES // 1_000_000))
    return data


def cleaned(data: bytes) -> Cleaned:
    """Return a picture of any kind as it is kept.

    Raises:
        BadPicture: says what is wrong with it.
    """
    if not data:
        raise BadPicture(gettext("There is nothing in this file."))
    return vector.cleaned(data) if vector.is_svg(data) else raster.cleaned(data)


def keep(
    data: bytes, user: Any, *, board: Board | None = None, note: Note | None = None
) -> Picture:
    """Keep a picture with a board, or with a note.

    Raises:
        BadPicture: says what is wrong with it, or that there are too many.
    """
    there = Picture.objects.filter(board=board, note=note).count()
    most = OF_NOTE if note else OF_BOARD
    if there >= most:
        raise BadPicture(gettext("There are %d pictures here, and no more are kept.") % there)
    found = cleaned(data)
    look_at_room(user, len(found.data))
    return Picture.objects.create(
        **{"board": board, "note": note, "made_by": user, "data": found.data},
        media=found.media,
        width=found.width,
        height=found.height,
    )


def look_at_room(user: Any, size: int) -> None:
    """Look whether `user` may keep `size` bytes more.

    Raises:
        BadPicture: they may not.
    """
    if _kept_by(user) + size > OF_PERSON:
        words = gettext("You keep %d MB of pictures here: delete some boards or notes first.")
        raise BadPicture(words % (OF_PERSON // 1_000_000))


def _kept_by(user: Any) -> int:
    size = Picture.objects.filter(made_by=user).aggregate(size=Sum(Length("data")))["size"]
    return int(size or 0)
