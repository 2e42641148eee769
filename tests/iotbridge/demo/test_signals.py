"""The simulated signals behave like what they stand for."""

from iotbridge.demo import signals as s
from iotbridge.demo.devices import DEVICES

NOON = 1_800_014_400.0 - 1_800_014_400.0 % s.DAY + 12 * s.HOUR


def test_signals_are_functions_of_time_alone() -> None:
    for device in DEVICES:
        assert device.measure(NOON) == device.measure(NOON)


def test_a_body_with_more_inertia_swings_less_and_later() -> None:
    hours = [NOON + n * 600 for n in range(144)]
    light = [s.inside("x", t, base=20, hours=1) for t in hours]
    heavy = [s.inside("x", t, base=20, hours=20) for t in hours]
    assert max(heavy) - min(heavy) < (max(light) - min(light)) / 2


def test_the_sun_is_up_by_day_only() -> None:
    assert s.sunlight(NOON) > 10_000
    assert s.sunlight(NOON + 12 * s.HOUR) == 0


def test_people_raise_carbon_dioxide() -> None:
    monday = NOON - (NOON // s.DAY + 3) % 7 * s.DAY
    assert s.carbon_dioxide("room", monday) > s.carbon_dioxide("room", monday + 14 * s.HOUR) + 100


def test_twelve_devices_over_three_sites() -> None:
    assert len(DEVICES) == 12
    assert len({device.site for device in DEVICES if device.site}) == 3
