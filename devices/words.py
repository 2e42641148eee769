"""Numbers with their nouns, in texts for operators; pages use gettext's plurals."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 packet` or `5 packets`; `many` where it is not `one` with an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
