"""What devices, their gateways and discovery topics say about a device and its series."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, cast

_LARGEST = sys.float_info.max
# What a series measures.
Kind = Literal["number", "boolean", "text"]


# Characters of a unit, and of any other text; words of an enumeration.
MAX_UNIT, MAX_NAME, MAX_STATES = 50, 200, 100
# Series of a device that one packet describes.
MAX_SERIES = 2_000


def _cut(told: object, name: str, most: int) -> None:
    text = getattr(told, name)
    if len(text) > most:
        object.__setattr__(told, name, text[:most])


def bound(value: object) -> float | None:
    """Return what a series may be at least or at most; None where `value` is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # A whole number may be larger than any float; and what is stored as JSON is finite.
    return float(value) if -_LARGEST <= value <= _LARGEST else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDescription:
    """What is said about one series; an empty field says nothing.

    Args:
        unit: as it is stored, see `devices.units`.
        unit_as_sent: how the source spells it.
        kind: what it measures.
        label: its name for people.
        decimals: how many are worth showing.
        minimum: of what it may be.
        maximum: of what it may be.
        states: the words of an enumeration, in order.
        counts_up: it is a meter's reading, which only rises.
        cadence_s: a value is expected so often.
    """

    unit: str = ""
    unit_as_sent: str = ""
    kind: Kind | None = None
    label: str = ""
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    states: tuple[str, ...] = ()
    counts_up: bool | None = None
    cadence_s: float | None = None

    def __post_init__(self) -> None:
        """Cut what is longer than anybody means."""
        # Made for packet after packet: first it is looked whether there is anything to cut.
        if (
            len(self.unit) > MAX_UNIT
            or len(self.unit_as_sent) > MAX_UNIT
            or len(self.label) > MAX_NAME
        ):
            for name, most in (("unit", MAX_UNIT), ("unit_as_sent", MAX_UNIT), ("label", MAX_NAME)):
                _cut(self, name, most)
        if not self.states:
            return
        if len(self.states) > MAX_STATES or any(len(one) > MAX_NAME for one in self.states):
            states = tuple(one[:MAX_NAME] for one in self.states[:MAX_STATES])
            object.__setattr__(self, "states", states)


class _Grown(dict[str, SeriesDescription]):
    """Series that were put together of many parts, and are nobody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is said about one device; an empty field says nothing.

    Args:
        name: for people.
        model: of the device.
        manufacturer: of the device.
        firmware: its version.
        parent: the native id of the gateway that it speaks through, of the same source.
        place: where it is, in words.
        series: by metric.
    """

    name: str = ""
    model: str = ""
    manufacturer: str = ""
    firmware: str = ""
    parent: str = ""
    place: str = ""
    series: Mapping[str, SeriesDescription] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Cut what is longer than anybody means."""
        if self.name or self.model or self.manufacturer or self.firmware or self.place:
            for name in ("name", "model", "manufacturer", "firmware", "place"):
                _cut(self, name, MAX_NAME)
        if type(self.series) is _Grown:
            return  # looked at already
        if len(self.series) > MAX_SERIES or any(len(metric) > MAX_NAME for metric in self.series):
            kept = [(name, one) for name, one in self.series.items() if len(name) <= MAX_NAME]
            object.__setattr__(self, "series", dict(kept[:MAX_SERIES]))

    @property
    def is_growing(self) -> bool:
        """Return whether more may be put into it (`with_series`)."""
        return type(self.series) is _Grown

    # Once it was asked for: conventions say the same with packet after packet.
    _mark: int = field(default=0, init=False, repr=False, compare=False)

    @property
    def mark(self) -> int:
        """Return a number that equal descriptions share within this process."""
        if not self._mark:
            own = (self.name, self.model, self.manufacturer, self.firmware, self.parent, self.place)
            series = tuple(sorted(self.series.items(), key=lambda item: item[0]))
            object.__setattr__(self, "_mark", hash((own, series)) or 1)
        return self._mark


def with_series(before: Description | None, series: Mapping[str, SeriesDescription]) -> Description:
    """Return `before` with more series. It may be changed itself, where it came from here.

    A packet may have very many parts, each of which describes a few: nothing is copied for each.
    """
    if not series:
        return before or Description()
    if before is None:
        told = Description(series=_Grown())
    elif type(before.series) is not _Grown:
        told = replace(before, series=_Grown(before.series))
    else:
        told = before
    grown = cast("_Grown", told.series)
    for metric, one in series.items():
        if len(metric) <= MAX_NAME and (metric in grown or len(grown) < MAX_SERIES):
            grown[metric] = one
    return told
