"""Looking for cells through a whole file, as its pieces pass by."""

# Longer than any cell that is looked for.
_OVERLAP = 64


class CellFinder:
    """Looks through a file by its pieces, so that no cell is cut in two."""

    # What a cell may begin after.
    marks: tuple[bytes, ...] = ()

    def __init__(self) -> None:
        self._rest = b""

    @property
    def knows(self) -> bool:
        """Return whether more of the file would tell no more."""
        raise NotImplementedError

    def find(self, text: bytes) -> None:
        """Take in what `text` tells."""
        raise NotImplementedError

    def look(self, piece: bytes) -> bytes:
        """Look through a piece of the file, and return it."""
        if not self.knows:
            text = self._rest + piece
            self.find(text)
            # From the begin of a cell on: half of one tells nothing.
            cut = max(text.rfind(mark) for mark in self.marks)
            self._rest = text[cut:][:_OVERLAP] if cut >= 0 else b""
        return piece
