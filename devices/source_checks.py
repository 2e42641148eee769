"""What can be wrong with a Source. The ingest app reads Sources, so it says what it can read."""

from collections.abc import Callable

from devices.models import Source

# Field -> what is wrong with it, in words.
Problems = dict[str, str]

# Set by the ingest app at the start.
checks: list[Callable[[Source], Problems]] = []
conventions: list[Callable[[], list[str]]] = []


def problems(source: Source) -> Problems:
    """Return what is wrong with `source`, by field; nothing where it can be used."""
    return {field: words for check in checks for field, words in check(source).items()}


def known_conventions() -> list[str]:
    """Return the names of the conventions there are."""
    return sorted({name for names in conventions for name in names()})


def broken() -> list[tuple[str, str]]:
    """Return (name, what is wrong) of each enabled Source of which not all can be used."""
    return [
        (source.name, words)
        for source in Source.objects.filter(enabled=True)
        for words in problems(source).values()
    ]
