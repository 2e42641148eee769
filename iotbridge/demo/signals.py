"""Simulated signals, modelled on physics. Pure functions of time (s since 1970).

The same moment always gives the same value, so that the filled-in history and the
live signal join without a step.
"""

import math
from hashlib import blake2b

DAY = 86_400.0
HOUR = 3_600.0
_OMEGA = 2 * math.pi / DAY


def noise(name: str, t: float, scale: float) -> float:
    """Return smooth noise in -1..1 that changes over `scale` seconds.

    Value noise: hashed values on a grid, joined by a cosine.
    """
    step, part = divmod(t / scale, 1.0)
    ease = (1 - math.cos(math.pi * part)) / 2
    return _hashed(name, step) * (1 - ease) + _hashed(name, step + 1) * ease


def _hashed(name: str, step: float) -> float:
    digest = blake2b(f"{name}:{int(step)}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 0x7FFFFFFF - 1


def outdoor(t: float) -> float:
    """Return outdoor temperature in °C: coldest at 4, warmest at 16 o'clock."""
    weather = 3 * noise("weather", t, 2 * DAY)
    return 11 + weather + 5 * math.cos(_OMEGA * (t - 16 * HOUR)) + 0.2 * noise("wind", t, 600)


def sunlight(t: float) -> float:
    """Return light in lx, none at night, less under clouds."""
    height = max(0.0, math.sin(_OMEGA * (t - 6 * HOUR)))
    clouds = 0.65 + 0.35 * noise("clouds", t, 1_800)
    return 60_000 * height * clouds


def inside(name: str, t: float, *, base: float, hours: float) -> float:
    """Return the temperature in °C of a body with thermal inertia.

    First-order lag of the daily cycle: with the time constant tau the amplitude
    falls by 1/sqrt(1 + (w tau)^2) and the peak comes atan(w tau)/w later.
    """
    w_tau = _OMEGA * hours * HOUR
    amplitude = 5 / math.sqrt(1 + w_tau**2)
    late = math.atan(w_tau) / _OMEGA
    swing = amplitude * math.cos(_OMEGA * (t - 16 * HOUR - late))
    return base + swing + 0.15 * noise(name, t, 900)


def occupied(name: str, t: float) -> bool:
    """Return whether somebody is there: office hours, in spells of 15 minutes."""
    hour = t % DAY / HOUR
    weekday = (t // DAY + 3) % 7
    likely = 0.75 if weekday < 5 and 8 <= hour < 18 else 0.03
    return (_hashed(f"{name}:people", t // 900) + 1) / 2 < likely


def carbon_dioxide(name: str, t: float) -> float:
    """Return CO2 in ppm: people raise it, the air is exchanged once an hour."""
    level, weight = 0.0, 0.0
    for step in range(36):
        share = math.exp(-step * 300 / HOUR)
        level += share * occupied(name, t - step * 300)
        weight += share
    return 430 + 900 * level / weight + 12 * noise(f"{name}:co2", t, 240)


def running(name: str, t: float) -> bool:
    """Return whether a machine works: two shifts, with short stops."""
    hour = t % DAY / HOUR
    return 6 <= hour < 22 and _hashed(f"{name}:run", t // 420) > -0.7


def warmth(name: str, t: float) -> float:
    """Return how warm a machine has run, 0..1, with a time constant of 25 minutes."""
    level, weight = 0.0, 0.0
    for step in range(30):
        share = math.exp(-step * 240 / 1_500)
        level += share * running(name, t - step * 240)
        weight += share
    return level / weight
