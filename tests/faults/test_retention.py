"""Workers that are killed while they remove what is too old."""

import json
import signal
import time

from tests.faults.load_harness import short_or_long
from tests.support.services import wait_until
from tests.support.stack import Plant, publish

DEVICES, READINGS = 20, 600
DAY_MS = 86_400_000


def test_kill_9_of_workers_that_remove_old_readings(plant: Plant) -> None:
    """All that is too old goes in the end, nothing else does, and its sums stay."""
    env = {"MQTT_SLOTS": "2", "MQTT_SHARED_GROUP": "bridge", "MQTT_SHARING": "always"}
    workers = [plant.worker(**env), plant.worker(wait=False, **env)]
    now = int(time.time() * 1_000)
    old = [now - 12 * DAY_MS + n * 60_000 for n in range(READINGS)]
    # Another series keeps everything, so that no week can be dropped as a whole.
    packets = [
        (f"devices/{name}{n}/telemetry", json.dumps({"ts": ts, "v": ts % 97}))
        for ts in [*old, now - 60_000, now]
        for n in range(DEVICES)
        for name in ("kept", "thinned")
    ]
    publish(plant, packets)
    wait_until(lambda: plant.count() == len(packets), "every reading", 120)
    plant.sql("UPDATE devices_device SET device_type = 'thin' WHERE key LIKE 'thinned%'")
    plant.sql(
        "INSERT INTO devices_retentionpolicy (device_type, raw_days, minutes_days) "
        "VALUES ('thin', 5, 5)"
    )
    left = DEVICES * (READINGS + 2) + DEVICES * 2
    for _ in range(short_or_long(1, 5)):
        before = plant.count()
        wait_until(lambda before=before: plant.count() < before or plant.count() == left, "it", 120)
        workers.pop(0).stop(signal.SIGKILL)
        workers.append(plant.worker(wait=False, **env))
    wait_until(lambda: plant.count() == left, "all that is too old to go", 120)
    kept = plant.sql(
        "SELECT d.device_type, count(*) FROM devices_reading r JOIN devices_series s "
        "ON s.id = r.series_id JOIN devices_device d ON d.id = s.device_id GROUP BY 1 ORDER BY 1"
    )
    assert kept == [("", DEVICES * (READINGS + 2)), ("thin", DEVICES * 2)]
    summed = plant.sql(
        "SELECT d.device_type, sum(count) FROM devices_rollup_1h r JOIN devices_series s "
        "ON s.id = r.series_id JOIN devices_device d ON d.id = s.device_id "
        f"WHERE r.bucket < {(now - DAY_MS) * 1_000} GROUP BY 1 ORDER BY 1"
    )
    assert [(kind, int(n)) for kind, n in summed] == [
        ("", DEVICES * READINGS),
        ("thin", DEVICES * READINGS),
    ]
