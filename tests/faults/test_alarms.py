"""Alarms after the processes that raise and tell them were killed: each once, and told."""

import json
import random
import signal
import time
from itertools import groupby
from typing import Any

from tests.faults.load_harness import short_or_long
from tests.support.services import wait_until
from tests.support.sinks import WebSink, web_sink
from tests.support.stack import Plant, publish

DEVICES, SECONDS, LIMIT = 6, 240, 5
SET_UP = """
from devices.alarms import editing, receivers
from devices.alarms.models import Receiver, Rule
editing.save(Rule(name="hot", metric="v", kind="above", high={limit}, again_s=0), "x", {since})
one = Receiver(name="sink", kind="webhook", target="{url}")
receivers.new_secret(one)
one.save()
"""
EPISODES = """
SELECT d.key, e.since, e.until FROM alarms_episode e JOIN alarms_alarm a ON a.id = e.alarm_id
JOIN devices_device d ON d.id = a.device_id WHERE a.withdrawn_at IS NULL ORDER BY 1, 2
"""
RAISED = "SELECT alarm_id, count(*) FROM alarms_alarmevent WHERE kind = 'raised' GROUP BY 1"
LEFT = """
SELECT count(*) FROM devices_change c, devices_duty d WHERE d.name = 'alarms'
AND c.seq > coalesce((d.state -> 'position' ->> c.writer)::bigint, 0)
"""


def test_kill_9_of_workers_that_raise_and_tell_alarms(plant: Plant) -> None:
    """Late readings and all: the alarms are those of the rows, and each is told."""
    env: Any = {"MQTT_SLOTS": "2", "MQTT_SHARED_GROUP": "bridge", "MQTT_SHARING": "always"}
    env |= {"NOTIFY_NETWORKS": "127.0.0.0/8", "MQTT_REGISTRATION": "accept"}
    with web_sink() as sink:
        begin = int(time.time()) - SECONDS
        made = SET_UP.format(limit=LIMIT, since=(begin - 10) * 1_000_000, url=sink.url)
        workers = [plant.worker(**env), plant.worker(wait=False, **env)]
        plant.manage("shell", "-v", "0", "-c", made)
        packets = _packets(begin)
        rounds = short_or_long(3, 12)
        size = len(packets) // rounds
        for number in range(rounds):
            publish(plant, packets[number * size : (number + 1) * size])
            _wait_for_more(plant)
            workers.pop(0).stop(signal.SIGKILL)
            workers.append(plant.worker(wait=False, **env))
        publish(plant, packets[rounds * size :])
        wait_until(lambda: plant.count() == len(packets), "every reading", 60)
        wait_until(lambda: plant.sql(LEFT) == [(0,)], "every change to be looked at", 90)
        wait_until(lambda: plant.sql(EPISODES) == _expected(plant), "the alarms of the rows", 30)
        assert {count for _alarm, count in plant.sql(RAISED)} == {1}
        waiting = "SELECT count(*) FROM alarms_delivery WHERE state <> 'sent'"
        wait_until(lambda: plant.sql(waiting) == [(0,)], "every message to be sent", 90)
        _all_told(plant, sink)


def _wait_for_more(plant: Plant) -> None:
    before = len(plant.sql(RAISED))
    wait_until(lambda: len(plant.sql(RAISED)) > before, "alarms", 60)


def _packets(begin: int) -> list[tuple[str, str]]:
    """Return numbers that rise above the limit and fall again; a tenth of them comes late."""
    chance = random.Random(5)
    late = set(chance.sample(range(SECONDS), SECONDS // 10))
    order = [n for n in range(SECONDS) if n not in late] + sorted(late)
    return [
        (
            f"devices/r{device}/telemetry",
            json.dumps({"ts": (begin + n) * 1_000, "v": 9 if (n + device) % 20 < 7 else 1}),
        )
        for n in order
        for device in range(DEVICES)
    ]


def _expected(plant: Plant) -> list[tuple[str, int, int | None]]:
    """Return the episodes of what is stored, by a plain look at all rows."""
    rows = plant.sql(
        "SELECT d.key, r.ts, r.value FROM devices_reading r JOIN devices_series s ON "
        "s.id = r.series_id JOIN devices_device d ON d.id = s.device_id ORDER BY 1, 2"
    )
    found: list[tuple[str, int, int | None]] = []
    for key, group in groupby(rows, key=lambda row: row[0]):
        since: int | None = None
        for _key, ts, value in group:
            if value > LIMIT and since is None:
                since = ts
            elif value <= LIMIT and since is not None:
                found.append((key, since, ts))
                since = None
        if since is not None:
            found.append((key, since, None))
    return found


def _all_told(plant: Plant, sink: WebSink) -> None:
    """Each was told, and what was told twice says that it may be."""
    said: dict[int, list[bool]] = {}
    for _headers, body in sink.posts:
        message: Any = json.loads(body)
        for event in message["events"]:
            said.setdefault(event["id"], []).append(message["may_be_twice"])
    sent = {row[0] for row in plant.sql("SELECT event_id FROM alarms_delivery")}
    assert sent
    assert set(said) == sent
    assert all(all(twice[1:]) for twice in said.values()), "a repetition does not say so"
