"""A home's broker with sixty gadgets of six ecosystems: from the address to every device."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Error

from tests.support import services
from tests.support.browser import Watched, chromium
from tests.support.services import wait_until
from tests.support.standalone_stack import Standalone

pytestmark = [pytest.mark.services, pytest.mark.browser]
TEN = range(10)
ROOMS = ["attic", "bath", "cellar", "den", "entry", "floor", "garage", "hall", "kitchen", "office"]
Packets = list[tuple[str, str]]


def zigbee2mqtt() -> tuple[Packets, Packets, dict[str, str]]:
    """Return what is retained, what comes live, and name -> a value as it is to be shown."""
    exposes = [{"type": "numeric", "property": "temperature", "unit": "°C", "access": 1}]
    told = [
        {
            "ieee_address": f"0x00158d000000{n:04x}",
            "friendly_name": f"{ROOMS[n]} climate",
            "type": "EndDevice",
            "definition": {"model": "TH-1", "vendor": "Acme", "exposes": exposes},
        }
        for n in TEN
    ]
    retained = [("zigbee2mqtt/bridge/devices", json.dumps(told))]
    retained.append(("zigbee2mqtt/bridge/state", '{"state": "online"}'))
    names = [f"{room} climate" for room in ROOMS]
    retained += [(f"zigbee2mqtt/{name}/availability", '{"state": "online"}') for name in names]
    live = [(f"zigbee2mqtt/{n}", '{"temperature": 20.5, "linkquality": 90}') for n in names]
    return retained, live, dict.fromkeys(names, "20.5 °C")


def tasmota() -> tuple[Packets, Packets, dict[str, str]]:
    names = [f"plug-{room}" for room in ROOMS]
    retained = [(f"tele/{name}/LWT", "Online") for name in names]
    sensor = json.dumps({"ENERGY": {"Power": 12.5, "Voltage": 231}})
    return (
        retained,
        [(f"tele/{name}/SENSOR", sensor) for name in names],
        dict.fromkeys(names, "12.5 W"),
    )


def shelly() -> tuple[Packets, Packets, dict[str, str]]:
    names = [f"shellyplus1pm-08b61f{n:06x}" for n in TEN]
    retained = [(f"{name}/online", "true") for name in names]
    live = [
        (f"{name}/status/switch:0", '{"id": 0, "output": true, "apower": 33.5}') for name in names
    ]
    return retained, live, dict.fromkeys(names, "33.5 W")


def esphome() -> tuple[Packets, Packets, dict[str, str]]:
    names = [f"node-{room}" for room in ROOMS]
    retained: Packets = []
    for name in names:
        config = {
            "name": "Humidity",
            "unique_id": f"{name}-humidity",
            "state_topic": f"{name}/sensor/humidity/state",
            "availability_topic": f"{name}/status",
            "unit_of_measurement": "%",
            "device": {"identifiers": [name], "name": name, "manufacturer": "Espressif"},
        }
        topic = f"homeassistant/sensor/{name}/humidity/config"
        retained += [(topic, json.dumps(config)), (f"{name}/status", "online")]
    live = [(f"{name}/sensor/humidity/state", "61.5") for name in names]
    return retained, live, dict.fromkeys(names, "61.5 %")


def homie() -> tuple[Packets, Packets, dict[str, str]]:
    retained, live = [], []
    for room in ROOMS:
        base = f"homie/meter-{room}"
        retained += [
            (f"{base}/$homie", "4.0"),
            (f"{base}/$name", f"Meter {room}"),
            (f"{base}/$state", "ready"),
            (f"{base}/$nodes", "water"),
            (f"{base}/water/$properties", "volume"),
            (f"{base}/water/volume/$datatype", "float"),
            (f"{base}/water/volume/$unit", "m³"),
        ]
        live.append((f"{base}/water/volume", "7.25"))
    return retained, live, {f"Meter {room}": "7.25 m³" for room in ROOMS}


def rtl_433() -> tuple[Packets, Packets, dict[str, str]]:
    live = [
        (
            "rtl_433/pi/events",
            json.dumps({"model": "Acme-Tower", "id": 1_000 + n, "temperature_C": 3.5}),
        )
        for n in TEN
    ]
    return [], live, {f"Acme-Tower/{1_000 + n}": "3.5 °C" for n in TEN}


HOME = [zigbee2mqtt(), tasmota(), shelly(), esphome(), homie(), rtl_433()]


class Home:
    """The gadgets: what they keep at the broker, and what they say every two seconds."""

    def __init__(self, port: int) -> None:
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="gadgets")
        self.client.max_queued_messages_set(0)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.sent = 0
        self._over = threading.Event()
        self._talking = threading.Thread(target=self._talk)

    def start(self) -> None:
        for retained, _live, _shown in HOME:
            self._publish(retained, retain=True)
        self._talking.start()

    def _publish(self, packets: Packets, *, retain: bool = False) -> None:
        infos = [self.client.publish(topic, text, 1, retain) for topic, text in packets]
        for info in infos:
            info.wait_for_publish(30)
        self.sent += len(packets)

    def _talk(self) -> None:
        while not self._over.is_set():
            for _retained, live, _shown in HOME:
                self._publish(live)
            self._over.wait(2)

    def stop(self) -> None:
        """Fall silent; more than once is well."""
        self._over.set()
        self._talking.join()


@contextmanager
def gadgets(port: int) -> Iterator[Home]:
    home = Home(port)
    home.start()
    try:
        yield home
    finally:
        home.stop()


@contextmanager
def everything_heard(port: int) -> Iterator[list[str]]:
    """Yield the topics of all that anybody publishes."""
    heard: list[str] = []
    granted: list[int] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="witness")
    client.on_message = lambda _c, _d, message: heard.append(message.topic)
    client.on_subscribe = lambda *_: granted.append(1)
    client.connect("127.0.0.1", port)
    client.subscribe([("#", 1)])
    client.loop_start()
    wait_until(lambda: granted, "the subscription")
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def rows(page: Watched) -> dict[str, tuple[str, str]]:
    """Return name -> (state, values) of the overview."""
    told: list[list[Any]] = page.page.evaluate(
        """() => [...document.querySelectorAll("main tbody tr")].map((row) =>
        ["th", "[data-cell=state]", ".values"].map((cell) =>
        row.querySelector(cell).innerText.replace(/\\s+/g, " ").trim()))"""
    )
    return {name: (state, values) for name, state, values in told}


def test_every_gadget_is_there_with_name_unit_and_state(standalone: Standalone) -> None:
    wanted = {name: value for _r, _l, shown in HOME for name, value in shown.items()}
    assert len(wanted) == 60
    with ExitStack() as stack:
        broker = stack.enter_context(services.mosquitto())
        heard = stack.enter_context(everything_heard(broker.port))
        home = stack.enter_context(gadgets(broker.port))
        standalone.start()
        standalone.add_user("ann")
        with chromium() as browser:
            page = Watched(browser, standalone.base, viewport={"width": 1280, "height": 900})
            page.log_in("ann")
            page.page.click("text=look what is on the broker")
            page.page.select_option("select[name=broker]", "+")
            page.page.fill("input[name=addresses]", f"127.0.0.1:{broker.port}")
            page.page.click("button[name=listen]")
            page.page.wait_for_selector("#proposals input[name=use]", timeout=60_000)
            page.page.click("text=Read what is chosen")
            page.page.wait_for_selector("text=These are read from now on")
            page.goto("/")

            def missing() -> list[str]:
                try:
                    page.goto("/")
                    shown = rows(page)
                except Error:  # the page of the first device goes on by itself
                    return ["?"]
                return [
                    f"{name}: {shown.get(name)}"
                    for name, value in wanted.items()
                    if not any(
                        row.startswith(name) and "online" in state and value in values
                        for row, (state, values) in shown.items()
                    )
                ]

            wait_until(lambda: not missing(), f"all of them: {missing()}", 30)
            page.shot("home-broker")
            shown = rows(page)
            assert len(shown) == 61, "sixty, and the bridge of Zigbee2MQTT"
            assert all("online" in state for state, _values in shown.values()), shown
            assert page.problems == []
        home.stop()
        wait_until(lambda: len(heard) >= home.sent, "the witness")
        # We have published nothing at all.
        assert len(heard) == home.sent
