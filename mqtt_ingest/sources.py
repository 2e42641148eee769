"""The configured Sources as slots use them. What is wrong with one concerns it alone."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pydantic
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from devices.models import Source
from devices.models.registry import sources_at, valid_zone
from devices.source_checks import Problems
from mqtt_ingest.core import conventions
from mqtt_ingest.core.conventions.base import Convention, Options
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.topics import filter_problem
from mqtt_ingest.models import Remembered

logger = logging.getLogger(__name__)
# Sources that this process cannot read, by their decoder's own fault, with what it said.
failing: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Usable:
    """A Source whose convention is known, and takes its options.

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


def usable(broker: str, known: Mapping[str, Convention] | None = None) -> Iterator[Usable]:
    """Yield the enabled Sources that can be read, each without the filters that MQTT forbids.

    Args:
        broker: the name of theirs; "" is that of the settings.
        known: the conventions as they are used now, by Source: what they remember stays.
    """
    for source in sources_at(broker).filter(enabled=True):
        try:
            kind = conventions.find(source.convention)
            options = kind.Options.model_validate(source.options or {})
        except (LookupError, pydantic.ValidationError):
            continue
        try:
            convention = _convention(source, kind, options, (known or {}).get(source.name))
        except Exception as error:  # noqa: BLE001 - of whatever kind
            # What one convention remembers must not keep the others from reading.
            _note_failing(source.name, error)
            continue
        failing.pop(source.name, None)
        yield Usable(source, convention, *filters_of(source, convention))


def filters_of(source: Source, convention: Convention) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the filters of `source`: those that any slot may take, and those that one takes.

    Those that MQTT forbids are left out, whatever options made of them.
    """
    has_own = source.filters and convention.is_stateful
    spread = _filters(source) if source.filters else convention.shared_filters
    ordered = () if has_own else convention.ordered_filters
    return _good(spread), _good(ordered)


def _good(filters: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(name) for name in filters if not filter_problem(name))


def _note_failing(name: str, error: Exception) -> None:
    words = f"its decoder fails on what it remembers: {error!r}"[:300]
    if failing.get(name) != words:
        logger.error("Source %s is not read: %s", name, words, exc_info=error)
    failing[name] = words


def _convention(
    source: Source, kind: type[Convention], options: Options, now: Convention | None
) -> Convention:
    """Return how packets of `source` are read: as `now`, where nothing of it was changed."""
    if type(now) is not kind:
        return kind(options, _remembered(source) if kind.is_stateful else None)
    return now if options == now.options else kind(options, now.state)


def _remembered(source: Source) -> State:
    """Return what the convention of `source` had remembered at the last commit."""
    prefix = f"{source.convention}:"
    kept = Remembered.objects.filter(source=source, key__startswith=prefix)
    return State(dict(kept.values_list("key", "value").iterator()), prefix)


def _filters(source: Source) -> list[object]:
    return source.filters if isinstance(source.filters, list) else [source.filters]


def _option_problems(source: Source) -> Problems:
    """Return what is wrong with the options of `source`, whose convention is known."""
    try:
        made = conventions.make(source.convention, source.options)
    except pydantic.ValidationError as error:
        told = [
            f"{'.'.join(str(part) for part in one['loc']) or 'options'}: {one['msg']}"
            for one in error.errors()
        ]
        return {"options": " ".join(f"{words}." for words in told)}
    filters = (*made.shared_filters, *made.ordered_filters)
    wrong = next(((name, why) for name in filters if (why := filter_problem(name))), None)
    if wrong is not None:
        words = _("%(name)s is no topic filter: %(why)s.")
        return {"options": words % {"name": repr(wrong[0]), "why": wrong[1]}}
    return {}


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
    else:
        found |= _option_problems(source)
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
