"""A picture as it is kept: its bytes, what they are, and how large it is."""

from typing import NamedTuple


class Cleaned(NamedTuple):
    """A picture without what it carried along.

    Args:
        data: its bytes.
        media: their media type.
        width: in pixels, or in units of an SVG.
        height: the same.
    """

    data: bytes
    media: str
    width: int
    height: int
