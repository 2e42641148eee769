"""Rollups after the processes that make them were killed: what all readings give."""

import json
import random
import signal
import time

from tests.faults.load_harness import short_or_long
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

WIDTH = 900_000_000
DEVICES, HOURS = 10, 6
# Quarters of both, side by side; what is there on one side alone is NULL on the other.
DIFFERENT = f"""
SELECT count(*) FROM (
  SELECT series_id, ts / {WIDTH} * {WIDTH} AS bucket, count(*) AS n, min(value) AS low,
    max(value) AS high, sum(value) AS total, min(ts) AS first_ts, max(ts) AS last_ts
  FROM devices_reading WHERE ts < {{until}} GROUP BY 1, 2
) raw FULL JOIN (SELECT * FROM devices_rollup_15m WHERE bucket < {{until}}) r
  ON r.series_id = raw.series_id AND r.bucket = raw.bucket
WHERE (raw.n, raw.low, raw.high, raw.first_ts, raw.last_ts)
  IS DISTINCT FROM (r.count, r.min, r.max, r.first_ts, r.last_ts)
  OR abs(raw.total - r.sum) > 1e-6 * abs(raw.total)
"""
# Changes that were not consumed, and quarters that were not summed up.
LEFT = """
SELECT (SELECT count(*) FROM devices_change c, devices_duty d WHERE d.name = 'rollups'
    AND c.seq > coalesce((d.state -> 'position' ->> c.writer)::bigint, 0))
  + (SELECT count(*) FROM devices_dirty WHERE bucket < {until})
"""
HOURS_DIFFERENT = """
SELECT count(*) FROM (
  SELECT series_id, bucket / 3600000000 * 3600000000 AS hour, sum(count) AS n, min(min) AS low,
    max(max) AS high FROM devices_rollup_15m GROUP BY 1, 2
) q FULL JOIN devices_rollup_1h h ON h.series_id = q.series_id AND h.bucket = q.hour
WHERE (q.n, q.low, q.high) IS DISTINCT FROM (h.count, h.min, h.max)
"""


def test_kill_9_of_two_workers_that_make_rollups(plant: Plant) -> None:
    """Their rollups are exact afterwards, late readings and all."""
    env = {"MQTT_SLOTS": "2", "MQTT_SHARED_GROUP": "bridge", "MQTT_SHARING": "always"}
    workers = [plant.worker(**env), plant.worker(wait=False, **env)]
    now = int(time.time() * 1_000)
    times = [now - HOURS * 3_600_000 + n * 10_000 for n in range(HOURS * 360)]
    # Some of the past comes late: after its quarter was summed up.
    late = set(random.Random(5).sample(times, len(times) // 10))
    packets = [
        (f"devices/r{n}/telemetry", json.dumps({"ts": ts + n, "v": (ts // 1_000) % 997}))
        for ts in [*(ts for ts in times if ts not in late), *sorted(late)]
        for n in range(DEVICES)
    ]
    rounds = short_or_long(3, 15)
    size = len(packets) // rounds
    for number in range(rounds):
        publish(plant, packets[number * size : (number + 1) * size])
        # Killed while it sums up what has just come.
        before = _summed_up(plant)
        wait_until(lambda before=before: _summed_up(plant) != before, "rollups to move", 60)
        workers.pop(0).stop(signal.SIGKILL)
        workers.append(plant.worker(wait=False, **env))
    publish(plant, packets[rounds * size :])
    wait_until(lambda: plant.count() == len(packets), "every reading", 60)
    until = now // 900_000 * WIDTH
    left = LEFT.format(until=until)
    wait_until(lambda: plant.sql(left) == [(0,)], "every quarter to be summed up", 90)
    assert plant.sql(DIFFERENT.format(until=until)) == [(0,)]
    assert plant.sql(HOURS_DIFFERENT) == [(0,)]
    assert plant.count("devices_rollup_15m") >= DEVICES * (HOURS * 4 - 1)


def _summed_up(plant: Plant) -> int:
    """Return how many readings are in rollups."""
    return int(plant.sql("SELECT coalesce(sum(count), 0) FROM devices_rollup_15m")[0][0])
