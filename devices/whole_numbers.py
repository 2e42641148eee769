"""Whole numbers as people and programs write them: read with an end."""

# What every database holds.
MOST = 2**63 - 1
_DIGITS = 19


def whole_number(text: str, most: int = MOST) -> int | None:
    """Return the number from 0 to `most` that `text` is; None: it is none.

    Python refuses to read thousands of digits, and takes its time for hundreds.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        return None
    number = int(text)
    return number if number <= most else None
