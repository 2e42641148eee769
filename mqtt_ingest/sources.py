"""The configured Sources as slots use them. What is wrong with one concerns it alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from devices.models import Source
from devices.models.registry import valid_zone
from devices.source_checks import Problems
from mqtt_ingest.core import conventions
from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.topics import filter_problem


@dataclass(frozen=True, slots=True)
class Usable:
    """A Source whose convention is known.

    Args:
        source: it.
        convention: how its packets are read.
        spread: filters whose packets any slot may take.
        ordered: filters that one slot takes.
    """

    source: Source
    convention: Convention
    spread: tuple[str, ...]
    ordered: tuple[str, ...]


def usable() -> Iterator[Usable]:
    """Yield the enabled Sources that can be read, each without the filters that MQTT forbids."""
    for source in Source.objects.filter(enabled=True):
        try:
            convention = conventions.find(source.convention)
        except LookupError:
            continue
        own = tuple(str(name) for name in _filters(source) if not filter_problem(name))
        spread = own if source.filters else convention.shared_filters
        yield Usable(source, convention, spread, convention.ordered_filters)


def _filters(source: Source) -> list[object]:
    return source.filters if isinstance(source.filters, list) else [source.filters]


def problems(source: Source) -> Problems:
    """Return what is wrong with `source`, by field."""
    found: Problems = {}
    try:
        conventions.find(source.convention)
    except LookupError:
        found["convention"] = _("There is no convention %(name)s; there are %(names)s.") % {
            "name": repr(source.convention),
            "names": ", ".join(conventions.names()),
        }
    bad = [(name, filter_problem(name)) for name in _filters(source) if filter_problem(name)]
    if bad:
        found["filters"] = " ".join(
            _("%(name)s is no topic filter: %(why)s.") % {"name": repr(name), "why": why}
            for name, why in bad
        )
    try:
        valid_zone(source.zone or "UTC")
    except ValidationError as error:
        found["zone"] = " ".join(error.messages)
    return found
