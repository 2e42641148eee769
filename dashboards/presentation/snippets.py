"""How a device publishes, in commands to copy: with the broker's address as devices see it."""

import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from devices.addresses import is_loopback
from devices.broker_addresses import PORTS, parse, uses_embedded

PAYLOAD = '{"temperature": 21.5}'


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where devices publish to.

    Args:
        host: of the broker.
        port: of the broker.
        tls: it speaks TLS.
        asks: it asks for user and password.
    """

    host: str
    port: int
    tls: bool = False
    asks: bool = False

    def command(self, topic: str) -> str:
        """Return a command that publishes a reading on `topic`."""
        words = ["mosquitto_pub", "-h", self.host, "-p", str(self.port)]
        words += ["--tls-use-os-certs"] if self.tls else []
        shown = shlex.join([*words, "-q", "1", "-t", topic, "-m", PAYLOAD])
        login = " -u sensor -P 'PASSWORD'" if self.asks else ""
        return shown.replace(" -q 1", f"{login} -q 1", 1)

    def program(self, native_id: str) -> str:
        """Return a program that publishes readings and states of a device."""
        status, telemetry = (f"devices/{native_id}/{kind}" for kind in ("status", "telemetry"))
        lines = [
            "import json, time",
            "import paho.mqtt.client as mqtt",
            "",
            "client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "
            f"client_id={native_id!r}, clean_session=False)",
            f'client.will_set({status!r}, "offline", qos=1, retain=True)',
            *(['client.username_pw_set("sensor", "PASSWORD")'] if self.asks else []),
            *(["client.tls_set()"] if self.tls else []),
            f"client.connect({self.host!r}, {self.port})",
            "client.loop_start()",
            f'client.publish({status!r}, "online", qos=1, retain=True)',
            'reading = {"ts": round(time.time() * 1000), "temperature": 21.5}',
            f"client.publish({telemetry!r}, json.dumps(reading), qos=1).wait_for_publish()",
        ]
        return "\n".join(lines)


def broker(request: HttpRequest) -> BrokerAddress:
    """Return where devices publish to; a broker on this machine is reached as this page is."""
    here = urlsplit(f"//{request.get_host()}").hostname or ""
    if uses_embedded():
        # The embedded broker lets clients of this machine in without.
        asks = bool(settings.MQTT_PASSWORD) and is_open()
        return BrokerAddress(here, settings.MQTT_PORT, asks=asks)
    found = parse(settings.MQTT_URL)
    host, port = found.hosts[0]
    if found.is_websocket:
        # What devices speak is MQTT without WebSocket: at its usual port, most likely.
        port = PORTS["mqtts" if found.tls else "mqtt"]
    # A name without a dot is known within a composition or on this machine alone.
    local = ("." not in host and ":" not in host) or host.startswith("127.") or host == "::1"
    return BrokerAddress(here if local else host, port, tls=found.tls, asks=bool(found.username))


def is_open() -> bool:
    """Return whether the embedded broker can be reached from other machines."""
    return not is_loopback(settings.MQTT_BIND)
