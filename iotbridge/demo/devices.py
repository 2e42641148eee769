"""The twelve simulated devices: what they are called and what they measure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from iotbridge.demo import signals as s

Values = dict[str, float | bool]


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """A device of the demo; `every` is in seconds."""

    key: str
    name: str
    site: str
    device_type: str
    tags: tuple[str, ...]
    every: float
    units: dict[str, str]
    measure: Callable[[float], Values]


SITES = {"sim-office": "Office", "sim-workshop": "Workshop", "sim-greenhouse": "Greenhouse"}
# Comes and goes, with its own connection and last will.
UNSTEADY = "sim-soil-2"
# Sends something that is no JSON now and then.
CONFUSED = "sim-press-4"
# Nobody has accepted it yet.
PENDING = "sim-visitor"


def _room(key: str, base: float) -> Callable[[float], Values]:
    def measure(t: float) -> Values:
        people = s.occupied(key, t)
        warm = s.inside(key, t, base=base, hours=9) + (0.4 if people else 0)
        return {
            "temperature": round(warm, 2),
            "humidity": round(42 + 6 * s.noise(f"{key}:rh", t, 7_200), 1),
            "co2": round(s.carbon_dioxide(key, t)),
            "occupied": people,
        }

    return measure


def _press(key: str) -> Callable[[float], Values]:
    def measure(t: float) -> Values:
        runs = s.running(key, t)
        shake = 2.4 + 0.5 * s.noise(f"{key}:v", t, 20) if runs else 0.05
        return {
            "oil.temperature": round(24 + 38 * s.warmth(key, t) + 0.4 * s.noise(key, t, 90), 2),
            "vibration": round(abs(shake), 3),
            "running": runs,
        }

    return measure


def _compressor(t: float) -> Values:
    saw = t % 180 / 180
    loaded = saw < 0.6
    return {
        "pressure": round(
            6.5 + (saw / 0.6 if loaded else (1 - saw) / 0.4) + 0.02 * s.noise("p", t, 5), 3
        ),
        "power": round(7.4 + 0.2 * s.noise("c", t, 10), 2) if loaded else 2.1,
    }


def _meter(t: float) -> Values:
    machines = 9 * s.warmth("sim-press-3", t) + 9 * s.warmth("sim-press-4", t)
    # The integral of the mean load; a counter only ever rises.
    energy = 14_000 + (t % (400 * s.DAY)) / s.HOUR * 12.0
    return {"power": round(4 + machines + 0.3 * s.noise("m", t, 30), 2), "energy": round(energy, 2)}


def _heating(t: float) -> Values:
    demand = max(0.0, 18 - s.outdoor(t)) / 18
    return {"flow.temperature": round(28 + 25 * demand, 2), "pump": demand > 0.15}


def _weather(t: float) -> Values:
    return {
        "temperature": round(s.outdoor(t), 2),
        "light": round(s.sunlight(t)),
        "wind": round(3 + 2.5 * abs(s.noise("gust", t, 45)), 1),
    }


def _greenhouse(t: float) -> Values:
    warm = s.inside("greenhouse", t, base=21, hours=2) + 6 * s.sunlight(t) / 60_000
    return {"temperature": round(warm, 2), "humidity": round(88 - 1.6 * (warm - 18), 1)}


def _soil(key: str) -> Callable[[float], Values]:
    def measure(t: float) -> Values:
        since_water = t % (DRY_DAYS * s.DAY) / (DRY_DAYS * s.DAY)
        moisture = 18 + 24 * math.exp(-1.8 * since_water) + 0.3 * s.noise(key, t, 600)
        return {
            "moisture": round(moisture, 2),
            "temperature": round(s.inside(key, t, base=17, hours=14), 2),
        }

    return measure


DRY_DAYS = 3
_AIR = {"temperature": "°C", "humidity": "%", "co2": "ppm"}
_PRESS = {"oil.temperature": "°C", "vibration": "mm/s"}
_SOIL = {"moisture": "%", "temperature": "°C"}

DEVICES = (
    SimulatedDevice(
        "sim-room-101",
        "Room 101",
        "sim-office",
        "room",
        ("air",),
        5,
        _AIR,
        _room("sim-room-101", 21.5),
    ),
    SimulatedDevice(
        "sim-room-102",
        "Room 102",
        "sim-office",
        "room",
        ("air",),
        5,
        _AIR,
        _room("sim-room-102", 20.8),
    ),
    SimulatedDevice(
        "sim-meeting",
        "Meeting room",
        "sim-office",
        "room",
        ("air",),
        5,
        _AIR,
        _room("sim-meeting", 21.1),
    ),
    SimulatedDevice(
        "sim-heating",
        "Heating",
        "sim-office",
        "heating",
        (),
        10,
        {"flow.temperature": "°C"},
        _heating,
    ),
    SimulatedDevice(
        "sim-press-3",
        "Press 3",
        "sim-workshop",
        "press",
        ("press",),
        2,
        _PRESS,
        _press("sim-press-3"),
    ),
    SimulatedDevice(
        CONFUSED, "Press 4", "sim-workshop", "press", ("press",), 2, _PRESS, _press(CONFUSED)
    ),
    SimulatedDevice(
        "sim-compressor",
        "Compressor",
        "sim-workshop",
        "compressor",
        (),
        2,
        {"pressure": "bar", "power": "kW"},
        _compressor,
    ),
    SimulatedDevice(
        "sim-meter",
        "Energy meter",
        "sim-workshop",
        "meter",
        (),
        5,
        {"power": "kW", "energy": "kWh"},
        _meter,
    ),
    SimulatedDevice(
        "sim-weather",
        "Weather station",
        "sim-greenhouse",
        "weather",
        (),
        10,
        {"temperature": "°C", "light": "lx", "wind": "m/s"},
        _weather,
    ),
    SimulatedDevice(
        "sim-greenhouse-air",
        "Greenhouse air",
        "sim-greenhouse",
        "greenhouse",
        ("air",),
        5,
        _AIR,
        _greenhouse,
    ),
    SimulatedDevice(
        UNSTEADY, "Soil probe 2", "sim-greenhouse", "soil", ("soil",), 5, _SOIL, _soil(UNSTEADY)
    ),
    SimulatedDevice(PENDING, "", "", "", (), 5, {}, _soil(PENDING)),
)
