"""Home Assistant's Statestream: `{base}/{domain}/{object}/state` and attributes.

https://www.home-assistant.io/integrations/mqtt_statestream/
"""

from typing import ClassVar

from devices import units
from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing
from mqtt_ingest.core.descriptions import Description, SeriesDescription
from mqtt_ingest.core.reading import parse

_DOMAINS = (
    "sensor|binary_sensor|light|switch|climate|cover|fan|lock|media_player|person|device_tracker"
    "|sun|weather|zone|input_boolean|input_number|input_select|input_text|number|select|vacuum"
    "|humidifier|water_heater|alarm_control_panel|automation|script|scene|camera|update|siren"
)
_WORDS = frozenset(
    {"friendly_name", "unit_of_measurement", "icon", "device_class", "state_class", "entity_id"}
    | {"last_changed", "last_updated", "last_reported", "attribution", "entity_picture"}
    | {"supported_features", "supported_color_modes", "editable", "id", "restored", "options"}
)


def _read(said: Said) -> None:
    device, what = f"{said.topic['domain']}.{said.topic['object']}", said.topic["metric"]
    if not said.packet.payload:
        return
    value = parse(said.packet, said.limits)
    if what == "friendly_name" and isinstance(value, str):
        message = said.of(device)
        message.is_about, message.description = True, Description(name=value)
    elif what == "unit_of_measurement" and isinstance(value, str):
        message = said.of(device)
        described = SeriesDescription(unit=units.normalised(value), unit_as_sent=value)
        message.is_about, message.description = True, Description(series={"state": described})
    elif what not in _WORDS:
        said.read(device, value, what)


class HaStatestream(Layout):
    """Entities with their states and attributes."""

    name: ClassVar[str] = "ha_statestream"
    label: ClassVar[str] = "Home Assistant Statestream"
    bases = ("homeassistant",)
    rules = (
        *nothing(f"{{base}}/{{domain:{_DOMAINS}}}/{{object}}/config"),
        Rule(topic=f"{{base}}/{{domain:{_DOMAINS}}}/{{object}}/{{metric}}", read=_read, tells=True),
    )
