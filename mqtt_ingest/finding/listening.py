"""Listening at a broker for a bounded time: a session of its own, and nothing published."""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt

from mqtt_ingest.broker.connecting import why_not
from mqtt_ingest.broker.paho_client import LONGEST_PLAIN
from mqtt_ingest.broker.reaching import open_first, plain_client
from mqtt_ingest.brokers import BadCertificate, Broker
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.structure.observations import Sample

# `#` leaves out what begins with `$`; of that, shadows are devices'.
FILTERS = ("#", "$aws/things/+/shadow/#")
# So long a broker may take to answer.
ANSWER_SECONDS = 10.0
_REFUSED = 128


class CannotListen(OSError):
    """The broker cannot be reached, or does not let us listen; says why."""


class Listener:
    """A session that adds what it is sent to a sample, from `open` until `close`."""

    def __init__(self, broker: Broker, sample: Sample) -> None:
        """Prepare.

        Raises:
            CannotListen: the broker's certificates cannot be used.
        """
        self.sample = sample
        self._problem = ""
        self._granted = threading.Event()
        self._broker = broker
        name = f"iotbridge-listens-{secrets.token_hex(4)}"
        if broker.problem:
            raise CannotListen(f"{broker.where}: {broker.problem}")
        try:
            self._client = plain_client(broker, name, reconnects=False)
        except BadCertificate as error:
            raise CannotListen(str(error)) from error
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        self._is_closing = False

    def open(self) -> None:
        """Connect and subscribe; what comes is added by a thread.

        Raises:
            CannotListen: says why.
        """
        try:
            open_first(self._client, self._broker)
        except (OSError, ValueError) as error:
            why = why_not(error, self._broker)
            raise CannotListen(f"{self._broker.where} cannot be reached: {why}") from error
        self._client.loop_start()
        if not self._granted.wait(ANSWER_SECONDS):
            self._problem = f"{self._broker.where} does not answer"
        if self._problem:
            self.close()
        self.check()

    def check(self) -> None:
        """Raise what went wrong meanwhile.

        Raises:
            CannotListen: says what.
        """
        if self._problem:
            raise CannotListen(self._problem)

    def close(self) -> None:
        """Leave the broker."""
        self._is_closing = True
        self._client.disconnect()
        self._client.loop_stop()

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
        self._granted.set()

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        now = time.time_ns() // 1_000
        self.sample.add(
            Packet(topic, bytes(message.payload), now, message.qos, retain=message.retain)
        )

    def _on_disconnect(self, _client: Any, _data: Any, *_more: Any) -> None:
        if not self._is_closing:
            self._fail(
                f"{self._broker.where} ended the connection, or sent a packet of more than "
                f"{LONGEST_PLAIN // 1_000_000} MB"
            )

    def _fail(self, problem: str) -> None:
        self._problem = self._problem or problem
        self._granted.set()


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
    listener = Listener(broker, Sample())
    listener.open()
    try:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(0.5, left))
            listener.check()
            if on_second(seconds - max(0.0, left - 0.5), listener.sample):
                break
    finally:
        listener.close()
    return listener.sample
