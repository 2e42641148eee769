"""What words in topics and names of members commonly mean, whoever wrote them."""

import re

_TOKENS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What is measured: a level made of these is a metric, or a part of a device.
MEASURES = _words(
    """
    temperature temp temps humidity hum moisture pressure power energy voltage volt
    volts current amp amps ampere batt soc level frequency freq rssi signal snr lqi speed
    wind gust rain flow co2 co voc tvoc pm pm1 pm25 pm10 lux illuminance brightness
    luminosity distance position pos latitude longitude lat lon altitude heading angle tilt
    rotation acceleration accel vibration weight mass volume area count counter total today
    yesterday day month year hour yield consumption production import export delivered
    returned usage load factor efficiency duty cycle rpm torque force setpoint target actual
    percent percentage ratio uptime runtime memory heap cpu disk contact motion presence
    occupancy smoke gas water leak alarm tamper heating cooling setting conductivity ph ec
    uv solar irradiation noise sound db dew point feels chill index quality air soil leaf
    charge charging discharge capacity health phase reactive apparent active peak price
    tariff latency ping tx rx packets bytes bandwidth wifi wlan wireless network statistics
    stat reading readings wh kwh w v a hz var va cost error fault mode state status current1
    red green blue white color colour hue saturation reachable running enabled tpms location
    ppm
    """
)
# What may be measured by itself, and is a device where there are several of them.
THINGS = frozenset(
    {
        "press",
        "pump",
        "fan",
        "door",
        "window",
        "valve",
        "relay",
        "switch",
        "heater",
        "light",
        "motor",
    }
    | {"tank", "charger", "inverter", "meter", "battery", "cell", "boiler", "compressor"}
)
_PHASE = re.compile(r"(?i)l[1-3n]|phase[1-3abc]|ph?[1-3]|ch?[0-9]{1,2}|chn[0-9]{1,2}")
# Where things are: each has its own of what comes again below others.
PLACES = _words(
    """
    site plant factory works building house hall floor storey line area section sector
    department wing room shop greenhouse stable barn
    """
)
# What groups metrics, or tells how they are sent: such a level names no device.
GROUPS = _words(
    """
    sensor sensors state states status data telemetry main value values attribute attributes
    attr measurement measurements metric metrics out output outputs input inputs info up
    uplink reading readings realtime live ac dc raw agg json tele stat stats statistics
    report reports rx tx pub publish update updates event events default dps channel
    channels chn ch port ports phase l1 l2 l3 line endpoint object objects payload message
    messages msg capability property properties feature features min max avg average mean
    median sum delta low high primary secondary extra optional general common system sys
    diag diagnostics diagnostic internal external ext int register registers holding coil
    coils tag tags item items point points get read last current actual present stream
    analog digital di do ai ao io gpio adc pwm s0 wire bus loop minute hourly daily weekly
    monthly yearly meter
    """
)
# Names that only come with a kind of chip, followed by its number.
_CHIP = re.compile(
    r"(?i)(bm[ep]|dht|ds18[bs]|sht[cx]?|scd|aht|htu|hdc|tsl|bh|veml|mcp|ina|pms|sds|ccs|mh-?z|sgp"
    r"|lm|max|ads|hx|vl53|tmp|si70|am23|pzem|apds|mlx|mpu|hmc|bno|lis|adxl|opt|sps|s8|senseair)"
    r"[a-z]?\d\w*"
)
# Nothing of what is below is a reading: what is asked for, logged, or said about others.
COMMANDS = _words(
    """
    set ctl cmd cmds cmnd command commands ctrl request requests req response responses resp
    reply result results ack nack rpc write call invoke action actions trigger reset reboot
    restart ota firmware order instantactions
    """
)
TALK = _words(
    """
    log logs logging debug trace verbose console announce announcement discovery config
    configuration conf meta metadata schema help version build license
    """
)
EVENTS = frozenset({"event", "events", "notification", "notifications"})
PRESENCE = _words(
    """
    status state lwt online availability available connected connection connectivity
    reachable alive will presence mqtt link
    """
)
PRESENCE_WORDS = {
    **dict.fromkeys(
        ("online", "connected", "alive", "ready", "available", "running", "up"), "online"
    ),
    **dict.fromkeys(
        ("offline", "disconnected", "connection lost", "lost", "dead", "unavailable", "stopped"),
        "offline",
    ),
    **dict.fromkeys(("down", "not connected", "connectionbroken"), "offline"),
}
# Of these, 0 and 1 or true and false tell as well.
SURE_PRESENCE = frozenset({"online", "connected", "reachable", "alive", "available", "lwt"})
# Members of a payload that name the device, most telling first; and those that only do so where
# several of them come by one topic.
STRONG_IDS = (
    *("deveui", "deviceid", "devid", "deviceserial", "serialnumber", "serialno", "serial", "sn"),
    *("esp8266id", "chipid", "macaddress", "mac", "macaddr", "device", "devicename", "thingid"),
    *("sensorid", "nodeid", "meterid", "hostname", "host", "imei", "iccid", "uid", "uuid"),
    *("address", "addr", "bssid", "source", "clientid"),
)
WEAK_IDS = ("id", "idx", "node", "sensor", "name", "unit", "station", "tag")

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(r"(0x)?(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{6,}")
_MAC = re.compile(r"([0-9A-Fa-f]{2}[:-]){5,7}[0-9A-Fa-f]{2}")
_SERIAL = re.compile(r"(?=(?:[^\d]*\d){3})[A-Za-z0-9!]+(?:[-_.:][A-Za-z0-9]+)*")


def tokens(name: str) -> list[str]:
    """Return the words of a name, in small letters: `outTemp_F` is out, temp, f."""
    return [token.lower() for token in _TOKENS.findall(name)]


def is_number(level: str) -> bool:
    """Return whether a level is an index: a short whole number."""
    return level.isascii() and level.isdecimal() and len(level) <= 4


def is_id(level: str) -> bool:
    """Return whether a level looks like a hardware's id: a serial number, an address."""
    if is_number(level) or _CHIP.fullmatch(level):
        return False
    return any(one.fullmatch(level) for one in (_UUID, _HEX, _MAC)) or (
        _SERIAL.fullmatch(level) is not None and not is_part(level)
    )


def is_part(level: str) -> bool:
    """Return whether a level is made of what is measured and how: it names no device."""
    if _CHIP.fullmatch(level) or _PHASE.fullmatch(level):
        return True
    found = tokens(level)
    if set(found) & THINGS:
        return len(found) == 1  # `relay`, but `relay_2` is one of them
    told = [token for token in found if not token.isdecimal()]
    return bool(told) and all(token in MEASURES or token in GROUPS for token in told)


def stem(level: str) -> str:
    """Return a level without its number, where it has one and is no phase or chip; else ""."""
    if _CHIP.fullmatch(level) or _PHASE.fullmatch(level) or is_number(level):
        return ""
    found = tokens(level)
    told = [token for token in found if not token.isdecimal()]
    return " ".join(told) if told and len(told) < len(found) else ""


def has_part(level: str) -> bool:
    """Return whether a level has words of what is measured among others."""
    return any(token in MEASURES | GROUPS | THINGS for token in tokens(level))


def is_place(level: str) -> bool:
    """Return whether a level names where things are."""
    return any(token in PLACES for token in tokens(level))


def is_group(level: str) -> bool:
    """Return whether a level only tells how something is sent."""
    found = [token for token in tokens(level) if not token.isdecimal()]
    return bool(found) and all(token in GROUPS for token in found)
