"""Conventions: how topics and payloads are laid out. A file or folder each."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from mqtt_ingest.core.conventions.ahoydtu import AhoyDtu
from mqtt_ingest.core.conventions.airgradient import AirGradient
from mqtt_ingest.core.conventions.amsreader import AmsReader
from mqtt_ingest.core.conventions.aws_shadow import AwsShadow
from mqtt_ingest.core.conventions.bambu import Bambu
from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.conventions.batmon import Batmon
from mqtt_ingest.core.conventions.ble_gateways import BleGateways
from mqtt_ingest.core.conventions.by_template import ByTemplate
from mqtt_ingest.core.conventions.chirpstack import ChirpStack
from mqtt_ingest.core.conventions.cumulocity import Cumulocity
from mqtt_ingest.core.conventions.deye import Deye
from mqtt_ingest.core.conventions.ditto import Ditto
from mqtt_ingest.core.conventions.domoticz import Domoticz
from mqtt_ingest.core.conventions.dsmr_reader import DsmrReader
from mqtt_ingest.core.conventions.ebusd import Ebusd
from mqtt_ingest.core.conventions.emonhub import EmonHub
from mqtt_ingest.core.conventions.ems_esp import EmsEsp
from mqtt_ingest.core.conventions.espaltherma import EspAltherma
from mqtt_ingest.core.conventions.esphome import EspHome
from mqtt_ingest.core.conventions.espresense import EspResense
from mqtt_ingest.core.conventions.evcc import Evcc
from mqtt_ingest.core.conventions.frigate import Frigate
from mqtt_ingest.core.conventions.goecharger import GoECharger
from mqtt_ingest.core.conventions.ha_statestream import HaStatestream
from mqtt_ingest.core.conventions.heishamon import HeishaMon
from mqtt_ingest.core.conventions.helium import Helium
from mqtt_ingest.core.conventions.homeassistant import HomeAssistant
from mqtt_ingest.core.conventions.homie import Homie
from mqtt_ingest.core.conventions.influx_line import InfluxLine
from mqtt_ingest.core.conventions.luftdaten import Luftdaten
from mqtt_ingest.core.conventions.meshtastic import Meshtastic
from mqtt_ingest.core.conventions.miflora import MiFlora
from mqtt_ingest.core.conventions.mqtt_smarthome import MqttSmarthome
from mqtt_ingest.core.conventions.native import Native
from mqtt_ingest.core.conventions.neuron import Neuron
from mqtt_ingest.core.conventions.octoprint import OctoPrint
from mqtt_ingest.core.conventions.opcua_pubsub import OpcUaPubSub
from mqtt_ingest.core.conventions.opendtu import OpenDtu
from mqtt_ingest.core.conventions.openevse import OpenEvse
from mqtt_ingest.core.conventions.openhab import OpenHab
from mqtt_ingest.core.conventions.openwb import OpenWb
from mqtt_ingest.core.conventions.otgw import OtgwFirmware
from mqtt_ingest.core.conventions.owntracks import OwnTracks
from mqtt_ingest.core.conventions.ring import RingMqtt
from mqtt_ingest.core.conventions.rtl_433 import Rtl433
from mqtt_ingest.core.conventions.ruuvi import RuuviGateway
from mqtt_ingest.core.conventions.senml import Senml
from mqtt_ingest.core.conventions.shelly_blu import ShellyBlu
from mqtt_ingest.core.conventions.shelly_gen1 import ShellyGen1
from mqtt_ingest.core.conventions.shelly_gen2 import ShellyGen2
from mqtt_ingest.core.conventions.sma_em import SmaEm
from mqtt_ingest.core.conventions.smartevse import SmartEvse
from mqtt_ingest.core.conventions.solar_assistant import SolarAssistant
from mqtt_ingest.core.conventions.sparkplug import Sparkplug
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.conventions.sungather import SunGather
from mqtt_ingest.core.conventions.tasmota import Tasmota
from mqtt_ingest.core.conventions.telegraf_json import TelegrafJson
from mqtt_ingest.core.conventions.teslamate import TeslaMate
from mqtt_ingest.core.conventions.thingsboard import ThingsBoard
from mqtt_ingest.core.conventions.ttn import TheThingsStack
from mqtt_ingest.core.conventions.twincat import TwinCat
from mqtt_ingest.core.conventions.umh import Umh
from mqtt_ingest.core.conventions.valetudo import Valetudo
from mqtt_ingest.core.conventions.vda5050 import Vda5050
from mqtt_ingest.core.conventions.victron import Victron
from mqtt_ingest.core.conventions.weewx import WeeWx
from mqtt_ingest.core.conventions.wirenboard import WirenBoard
from mqtt_ingest.core.conventions.zigbee2mqtt import Zigbee2Mqtt
from mqtt_ingest.core.conventions.zwave_js_ui import ZwaveJsUi

# By which packages that are no Django apps bring conventions.
GROUP = "iotbridge.decoders"
_BUILT_IN: tuple[type[Convention], ...] = (
    AhoyDtu,
    AirGradient,
    AmsReader,
    AwsShadow,
    Bambu,
    Batmon,
    BleGateways,
    ByTemplate,
    ChirpStack,
    Cumulocity,
    Deye,
    Ditto,
    Domoticz,
    DsmrReader,
    Ebusd,
    EmonHub,
    EmsEsp,
    EspAltherma,
    EspHome,
    EspResense,
    Evcc,
    Frigate,
    GoECharger,
    HaStatestream,
    HeishaMon,
    Helium,
    HomeAssistant,
    Homie,
    InfluxLine,
    Luftdaten,
    Meshtastic,
    MiFlora,
    MqttSmarthome,
    Native,
    Neuron,
    OctoPrint,
    OpcUaPubSub,
    OpenDtu,
    OpenEvse,
    OpenHab,
    OpenWb,
    OtgwFirmware,
    OwnTracks,
    RingMqtt,
    Rtl433,
    RuuviGateway,
    Senml,
    ShellyBlu,
    ShellyGen1,
    ShellyGen2,
    SmaEm,
    SmartEvse,
    SolarAssistant,
    Sparkplug,
    SunGather,
    Tasmota,
    TelegrafJson,
    TeslaMate,
    TheThingsStack,
    ThingsBoard,
    TwinCat,
    Umh,
    Valetudo,
    Vda5050,
    Victron,
    WeeWx,
    WirenBoard,
    Zigbee2Mqtt,
    ZwaveJsUi,
)
_known: dict[str, type[Convention]] = {convention.name: convention for convention in _BUILT_IN}


def register(convention: type[Convention]) -> None:
    """Make `convention` known under its name; for apps in EXTRA_APPS."""
    _known[convention.name] = convention


def load_installed() -> None:
    """Register the conventions of installed packages, by the entry points of `GROUP`.

    Raises:
        TypeError: one is no convention, or of another version of the interface.
    """
    for point in entry_points(group=GROUP):
        found = point.load()
        if not (isinstance(found, type) and issubclass(found, Convention)):
            raise TypeError(f"{point.value} (entry point {point.name}) is no Convention.")
        if found.version != Convention.version:
            raise TypeError(
                f"{point.value} is written for version {found.version} of Convention; "
                f"this is {Convention.version}."
            )
        register(found)


def names() -> list[str]:
    """Return the names of the conventions there are."""
    return sorted(_known)


def find(name: str) -> type[Convention]:
    """Return the convention called `name`.

    Raises:
        LookupError: there is none, with the names there are.
    """
    try:
        return _known[name]
    except KeyError as error:
        raise LookupError(
            f"There is no convention {name!r}; there are {', '.join(names())}."
        ) from error


def make(
    name: str, options: Mapping[str, Any] | None = None, state: State | None = None
) -> Convention:
    """Return the convention called `name`, ready to read the packets of one Source.

    Raises:
        LookupError: there is none of that name.
        pydantic.ValidationError: names each option that is wrong, and why.
    """
    convention = find(name)
    return convention(convention.Options.model_validate(options or {}), state)
