"""Conventions: how topics and payloads are laid out. A file or folder each."""

from collections.abc import Mapping
from typing import Any

from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.conventions.native import Native
from mqtt_ingest.core.conventions.state import State

_BUILT_IN: tuple[type[Convention], ...] = (Native,)
_known: dict[str, type[Convention]] = {convention.name: convention for convention in _BUILT_IN}


def register(convention: type[Convention]) -> None:
    """Make `convention` known under its name; for apps in EXTRA_APPS."""
    _known[convention.name] = convention


def names() -> list[str]:
    """Return the names of the conventions there are."""
    return sorted(_known)


def find(name: str) -> type[Convention]:
    """Return the convention called `name`.

    Raises:
        LookupError: there is none, with the names there are.
    """
    try:
        return _known[name]
    except KeyError as error:
        raise LookupError(
            f"There is no convention {name!r}; there are {', '.join(names())}."
        ) from error


def make(
    name: str, options: Mapping[str, Any] | None = None, state: State | None = None
) -> Convention:
    """Return the convention called `name`, ready to read the packets of one Source.

    Raises:
        LookupError: there is none of that name.
        pydantic.ValidationError: names each option that is wrong, and why.
    """
    convention = find(name)
    return convention(convention.Options.model_validate(options or {}), state)
