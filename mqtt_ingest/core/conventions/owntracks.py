"""OwnTracks: `owntracks/{user}/{device}`; https://owntracks.org/booklet/tech/json/."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing
from mqtt_ingest.core.reading import USUAL, parse

_STYLE = replace(
    USUAL,
    time_keys=("tst",),
    ignored=frozenset(
        {"type", "tid", "ssid", "bssid", "createdat", "id", "rid", "wtst", "from", "to", "topic"}
        | {"inregions", "inrids", "m", "t", "conn", "bs", "poi", "tag", "image", "imagename"}
    ),
)


def _read(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if not isinstance(value, dict):
        return
    device, kind = said.topic["device"], str(value.get("_type"))
    if kind == "lwt":
        said.of(device).status = "offline"
    elif kind in {"location", "steps", "status"}:
        said.read(device, value)
    elif kind == "transition":
        said.read(device, {key: value[key] for key in ("lat", "lon", "tst") if key in value})
        said.read(device, {"event": value.get("event"), "desc": value.get("desc"), **_at(value)})


def _at(value: Mapping[str, object]) -> dict[str, object]:
    return {"tst": value["tst"]} if "tst" in value else {}


class OwnTracks(Layout):
    """Positions, steps and transitions; waypoints, cards and what is encrypted say nothing."""

    name: ClassVar[str] = "owntracks"
    label: ClassVar[str] = "OwnTracks"
    bases = ("owntracks",)
    style = _STYLE
    rules = (
        *nothing("{base}/{user}/{phone}/cmd", "{base}/{user}/{phone}/info"),
        *nothing("{base}/{user}/{phone}/waypoint|waypoints|card|dump|request|beacon"),
        Rule(topic="{base}/{device:[^/]+/[^/]+}", read=_read, tells=True),
        Rule(topic="{base}/{device:[^/]+/[^/]+}/event|step|lwt|status", read=_read, tells=True),
    )
    units: ClassVar[Mapping[str, str]] = {
        "lat": "°",
        "lon": "°",
        "alt": "m",
        "acc": "m",
        "vac": "m",
        "batt": "%",
        "vel": "km/h",
        "cog": "°",
        "p": "kPa",
    }
