"""In which unit, and with how many decimals, values of a series are shown to whom.

A series may have a unit that everybody sees it in; from there each person goes on to their
own. `js/display/units.js` does the same with live values.
"""

import math
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from dashboards.presentation.formats import format_value
from devices.models import Kind, preferences_of
from devices.models.accounts import AnyUser
from devices.number_text import decimals_for, number_text
from devices.queries import SeriesInfo, Value
from devices.unit_conversion import Conversion, conversion

# Of whoever asks: unit -> the one that they see instead. Set for each request.
_choice: ContextVar[Callable[[], Mapping[str, str]]] = ContextVar("units", default=dict)
MOST_DECIMALS = 12


class Shown(NamedTuple):
    """How values of one series are shown."""

    unit: str
    how: Conversion | None = None
    decimals: int | None = None
    places: int | None = None

    def text(self, value: Value) -> str:
        """Return a stored value in words."""
        if self.how is not None and isinstance(value, float) and not isinstance(value, bool):
            value = converted(value, self.how)
        decimals = self.decimals
        if decimals is None and isinstance(value, float):
            decimals = decimals_for(value, self.places)
        return format_value(value, decimals)

    def exact(self, value: Value) -> str:
        """Return a stored value in words, with all of its digits."""
        if self.how is not None and isinstance(value, float):
            value = converted(value, self.how)
        return format_value(value)

    def difference(self, value: float | None) -> str:
        """Return a difference of two values in words."""
        scale = 1.0 if self.how is None else self.how.scale
        return format_value(None if value is None else value * scale, self.decimals)


def choose(choice: Callable[[], Mapping[str, str]]) -> None:
    """Show values by `choice`, which is asked once it is needed, until the next call."""
    _choice.set(choice)


def choice_of(user: AnyUser) -> dict[str, str]:
    """Return what `user` has chosen."""
    return dict(preferences_of(user).units)


def for_everybody(info: SeriesInfo) -> Conversion | None:
    """Return how values of a series are shown to everybody; None: as they are stored."""
    if info.kind != Kind.NUMBER or not info.shown_unit:
        return None
    return conversion(info.unit, info.shown_unit)


def scaled(info: SeriesInfo) -> Conversion | None:
    """Return with which prefix of the unit values of a series are shown, unless people said."""
    if info.kind != Kind.NUMBER or info.shown_unit or not info.scaled_unit:
        return None
    return conversion(info.unit, info.scaled_unit)


def shown(info: SeriesInfo) -> Shown:
    """Return how values of a series are shown to whoever asks."""
    if info.kind != Kind.NUMBER:
        return Shown(info.unit)
    first = for_everybody(info)
    if first is None and info.unit not in _choice.get()():
        first = scaled(info)
    unit = info.unit if first is None else first.unit
    own = shown_in(unit)
    how = own.how if first is None else first if own.how is None else first.then(own.how)
    return Shown(own.unit, how, info.decimals, info.places)


def shown_in(unit: str) -> Shown:
    """Return how numbers in `unit` are shown to whoever asks."""
    how = conversion(unit, _choice.get()().get(unit, unit))
    return Shown(unit if how is None else how.unit, how)


def chosen() -> dict[str, Conversion]:
    """Return, for the browser, what whoever asks has chosen, by unit."""
    found = {unit: conversion(unit, wanted) for unit, wanted in _choice.get()().items()}
    return {unit: how for unit, how in found.items() if how is not None}


def told(info: SeriesInfo) -> dict[str, Any]:
    """Return what a frame tells of how a series is shown to everybody."""
    said: dict[str, Any] = {}
    if (how := for_everybody(info)) is not None:
        said["shown"] = how._asdict()
    elif (how := scaled(info)) is not None:
        said["scaled"] = how._asdict()
    if info.decimals is not None:
        said["decimals"] = info.decimals
    elif info.places is not None:
        said["places"] = info.places
    return said


def converted(value: float, how: Conversion) -> float:
    """Return a value in another unit, as exact as it was: 21.5 °C are 70.7 °F."""
    number = how.of(value)
    digits = number_text(value)
    if "e" in digits or not math.isfinite(number):
        return number
    decimals = len(digits.partition(".")[2]) - math.floor(math.log10(how.scale))
    return round(number, min(max(decimals, 0), MOST_DECIMALS))
