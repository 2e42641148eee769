"""Listening at a broker for a bounded time: a session of its own, and nothing published."""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from mqtt_ingest.broker.connecting import why_not
from mqtt_ingest.conf import Broker
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.structure.observations import Sample

# `#` leaves out what begins with `$`; of that, shadows are devices'.
FILTERS = ("#", "$aws/things/+/shadow/#")
# So long a broker may take to answer.
ANSWER_SECONDS = 10.0
_REFUSED = 128


class CannotListen(OSError):
    """The broker cannot be reached, or does not let us listen; says why."""


class _Listener:
    def __init__(self, broker: Broker, sample: Sample) -> None:
        self.sample = sample
        self.problem = ""
        self.granted = threading.Event()
        self._broker = broker
        name = f"iotbridge-listens-{secrets.token_hex(4)}"
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=True)
        if broker.username:
            self.client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            self.client.tls_set_context(broker.context())
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _p: Any) -> None:
        if code.is_failure:
            self._fail(f"{self._broker.where} refuses the connection: {code}")
        else:
            client.subscribe([(name, 0) for name in FILTERS])

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, codes: Any, _p: Any) -> None:
        if codes and codes[0].value >= _REFUSED:
            self._fail(
                f"{self._broker.where} does not let us subscribe to #: {codes[0]}. "
                "Give this user the right to read all topics, or add Sources by hand"
            )
        self.granted.set()

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        now = time.time_ns() // 1_000
        self.sample.add(
            Packet(topic, bytes(message.payload), now, message.qos, retain=message.retain)
        )

    def _fail(self, problem: str) -> None:
        self.problem = problem
        self.granted.set()


def listen(
    broker: Broker,
    seconds: float,
    on_second: Callable[[float, Sample], bool | None] = lambda *_: None,
) -> Sample:
    """Return a sample of what `broker` sends within `seconds`, retained messages first.

    Args:
        broker: to listen at.
        seconds: for so long.
        on_second: told about each half second what there is; True ends it at once.

    Raises:
        CannotListen: says why.
    """
    sample = Sample()
    listener = _Listener(broker, sample)
    try:
        listener.client.connect(broker.host, broker.port)
    except (OSError, ValueError) as error:
        why = why_not(error, tls=broker.tls)
        raise CannotListen(f"{broker.where} cannot be reached: {why}") from error
    listener.client.loop_start()
    try:
        if not listener.granted.wait(ANSWER_SECONDS):
            raise CannotListen(f"{broker.where} does not answer")
        until = time.monotonic() + seconds
        while not listener.problem and (left := until - time.monotonic()) > 0:
            time.sleep(min(0.5, left))
            if on_second(seconds - max(0.0, left - 0.5), sample):
                break
    finally:
        listener.client.disconnect()
        listener.client.loop_stop()
    if listener.problem:
        raise CannotListen(listener.problem)
    return sample
