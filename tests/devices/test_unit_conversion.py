"""Units that values may be shown in."""

import itertools

import pytest

from devices import units
from devices.unit_conversion import _QUANTITIES, alternatives, conversion


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "shown"),
    [
        (21.5, "°C", "°F", 70.7),
        (-40.0, "°F", "°C", -40.0),
        (0.0, "°C", "K", 273.15),
        (10.0, "kWh", "MJ", 36.0),
        (2.0, "bar", "psi", 29.0075),
        (1013.25, "hPa", "inHg", 29.9213),
        (100.0, "km/h", "kn", 53.9957),
        (1.0, "m³", "L", 1000.0),
        (1.0, "gal", "L", 3.78541),
        (90.0, "°", "rad", 1.5708),
        (1.0, "t", "lb", 2204.62),
        (3.6, "L/min", "m³/h", 0.216),
        (1.0, "Ah", "mAh", 1000.0),
    ],
)
def test_values_are_shown_in_another_unit(
    value: float, unit: str, wanted: str, shown: float
) -> None:
    how = conversion(unit, wanted)
    assert how is not None
    assert how.unit == wanted
    assert value * how.scale + how.offset == pytest.approx(shown, rel=1e-5)


def test_every_unit_that_is_offered_is_one_that_is_stored_and_converts_both_ways() -> None:
    for quantity in _QUANTITIES:
        for one, other in itertools.permutations(quantity, 2):
            assert units.normalised(one) == one
            there, back = conversion(one, other), conversion(other, one)
            assert there is not None
            assert back is not None
            both = there.then(back)
            assert (both.scale, both.offset) == (
                pytest.approx(1, rel=1e-9),
                pytest.approx(0, abs=1e-6),
            )


def test_of_another_quantity_or_unknown_there_is_none() -> None:
    assert conversion("°C", "kWh") is conversion("lux of mine", "m") is None
    assert conversion("°C", "°C") is None
    assert alternatives("lux of mine") == alternatives("%") == ()
    assert alternatives("bar") == ("Pa", "hPa", "kPa", "mbar", "bar", "psi", "inHg", "mmHg")


def test_factors_are_as_people_know_them() -> None:
    assert conversion("°C", "°F") == ("°F", 1.8, 32.0)
    assert conversion("kWh", "MJ") == ("MJ", 3.6, 0.0)
