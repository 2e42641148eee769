"""A publisher that numbers what it sends, and the comparison with what is stored.

Even packets carry their own time, odd ones do not: those are stored at their arrival,
where a redelivery must not make a second row.
"""

import json
import os
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.services import PATIENCE, wait_until
from tests.support.stack import Plant
from tests.support.standalone_stack import Standalone

# `make faults` runs the long form of everything.
LONG = os.environ.get("FAULTS") == "long"
DEVICES = 50
AWAY = (psycopg.Error, sqlite3.Error)


def short_or_long(short: int, long: int) -> int:
    return long if LONG else short


class Numbered:
    """Publishes numbered QoS 1 packets at a rate on a thread; knows what was acknowledged."""

    def __init__(self, port: int, rate: int = 400, client_id: str = "") -> None:
        self.sent = 0
        self.acknowledged: set[int] = set()
        self._rate = rate
        self._numbers: dict[int, int] = {}
        self._early: set[int] = set()
        self._stopping = threading.Event()
        self._paused = threading.Event()
        self._start = int(time.time() * 1_000)
        # Only with a session of its own does a publisher repeat packets under their ids.
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=not client_id
        )
        self._client.max_inflight_messages_set(200)
        self._client.max_queued_messages_set(0)
        self._client.on_publish = self._published
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _published(self, _client: object, _userdata: object, mid: int, *_more: object) -> None:
        if not self._note(mid):
            # Acknowledged before `send` knows its number; one of the two finds the other.
            self._early.add(mid)
            if self._note(mid):
                self._early.discard(mid)

    def _note(self, mid: int) -> bool:
        number = self._numbers.pop(mid, None)
        if number is not None:
            self.acknowledged.add(number)
        return number is not None

    def _run(self) -> None:
        started, before = time.monotonic(), 0
        while not self._stopping.is_set():
            if self._paused.is_set():
                time.sleep(0.01)
                started, before = time.monotonic(), self.sent
                continue
            due = started + (self.sent - before) / self._rate
            time.sleep(max(0.0, due - time.monotonic()))
            self.send()

    def send(self) -> None:
        number = self.sent
        own_time = {} if number % 2 else {"ts": self._start + number}
        body = json.dumps({**own_time, "n": number, "v": number / 2})
        self.sent += 1
        info = self._client.publish(f"devices/f{number % DEVICES}/telemetry", body, 1)
        self._numbers[info.mid] = number
        if info.mid in self._early:
            self._early.discard(info.mid)
            self._note(info.mid)

    def pause(self) -> None:
        """Send nothing until `go_on`; return once everything sent was acknowledged."""
        self._paused.set()
        wait_until(lambda: len(self.acknowledged) == self.sent, "the publisher to settle", 30)

    def go_on(self) -> None:
        self._paused.clear()

    def finish(self) -> None:
        """Stop, once everything was acknowledged."""
        self._stopping.set()
        self._thread.join()
        wait_until(lambda: len(self.acknowledged) == self.sent, "the last acknowledgement", 60)
        self._client.disconnect()
        self._client.loop_stop()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()


class Rig:
    """A plant under a numbered load, with one fault at a time."""

    def __init__(self, plant: Plant | Standalone, rate: int = 400, client_id: str = "") -> None:
        self.plant = plant
        self.recovered = 0.0
        self.seen: set[str] = set()
        self.publisher = Numbered(plant.broker.port, rate, client_id)
        self._token = ""

    def taken(self) -> int:
        """Return how many packets were taken in; -1 while the database is away."""
        try:
            return int(self.plant.sql("SELECT coalesce(sum(packets), 0) FROM devices_writer")[0][0])
        except AWAY:
            return -1

    def flows(self, more: int = 100, seconds: float = 60) -> float:
        """Wait until `more` packets were taken in; return after how many seconds."""
        started = time.monotonic()
        before = -1

        def moved() -> bool:
            nonlocal before
            now = self.taken()
            before = now if before < 0 else before
            return now >= before + more

        wait_until(moved, f"{more} more packets to be stored", seconds)
        return time.monotonic() - started

    def recovers(self, seconds: float = 60) -> None:
        """Measure how long it takes from now until packets are stored again."""
        self.recovered = max(self.recovered, self.flows(1, seconds))

    def status(self) -> set[str]:
        """Return the codes of what /status says is wrong now."""
        if not self._token:
            raise RuntimeError("call `watch_status` before the fault")
        request = urllib.request.Request(
            f"{self.plant.base}/api/v1/status", headers={"Authorization": f"Bearer {self._token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                found = {condition["code"] for condition in json.load(answer)["conditions"]}
        except urllib.error.HTTPError as error:
            found = _outage(error)
        except OSError:
            found = set()
        self.seen |= found
        return found

    def watch_status(self) -> None:
        """Start the web process that is asked during faults."""
        self.plant.add_user()
        self._token = self.plant.token()
        if isinstance(self.plant, Plant):
            self.plant.web()

    def says(self, *codes: str, seconds: float = 30) -> None:
        """Wait until /status names one of `codes`."""
        wait_until(lambda: self.status() & set(codes), f"/status to say {codes}", seconds)

    def is_well(self, seconds: float = 60) -> None:
        """Wait until /status names nothing red."""
        from devices.monitoring.conditions import CONDITIONS

        red = {code for code, (level, _words) in CONDITIONS.items() if level == "red"}
        wait_until(lambda: not self.status() & red, f"no red condition, {self.seen}", seconds)

    def stored(self) -> list[int]:
        rows = self.plant.sql(
            "SELECT r.value FROM devices_reading r JOIN devices_series s ON s.id = r.series_id "
            "WHERE s.metric = 'n'"
        )
        return [int(value) for (value,) in rows]

    def settle(self, seconds: float = 120) -> dict[str, Any]:
        """End the load, wait until all of it is stored, and compare the sets."""
        self.publisher.finish()
        acknowledged = self.publisher.acknowledged
        try:
            wait_until(lambda: not (acknowledged - set(self._peek())), "every packet", seconds)
            wait_until(self._is_quiet, "the broker's queue to be empty", seconds)
        except TimeoutError:
            pass  # the comparison tells what is missing
        stored = self.stored()
        return {
            "sent": self.publisher.sent,
            "acknowledged": len(acknowledged),
            "stored": len(stored),
            "lost": len(acknowledged - set(stored)),
            "twice": len(stored) - len(set(stored)),
            "redelivered": self._redelivered(),
            "recovered_s": round(self.recovered, 1),
        }

    def _peek(self) -> list[int]:
        try:
            return self.stored()
        except AWAY:
            return []

    def _is_quiet(self) -> bool:
        before = self.taken()
        time.sleep(0.5 * PATIENCE)
        return before >= 0 and before == self.taken()

    def _redelivered(self) -> int:
        return sum(process.redelivered() for process in self.plant.processes)


def _outage(error: urllib.error.HTTPError) -> set[str]:
    problem = json.load(error)
    assert (error.code, problem["detail"][:10]) == (503, "database: "), problem
    return {"database_away"}


Report = Callable[..., None]


@contextmanager
def under_load(
    plant: Plant | Standalone, name: str, report: Report, **options: Any
) -> Iterator[Rig]:
    """A rig whose publisher runs; at the end everything must be stored exactly once."""
    rig = Rig(plant, **options)
    try:
        yield rig
        line = rig.settle()
    except BaseException:
        for process in plant.processes:
            print(
                f"--- {process.name} {process.pid} {process.returncode}\n{process.text()[-3_000:]}"
            )
        raise
    finally:
        rig.publisher.close()
    report(name, line, rig.seen)
    assert (line["lost"], line["twice"]) == (0, 0), line
    assert plant.count("mqtt_ingest_deadletter") == 0
