"""`rollups`: what summing up costs the ingest, and how far it lags at 2,000 packets a second.

The second part runs until a quarter of an hour has ended, so up to 16 minutes.
"""

import os
import sys
import time
from typing import Any

from tests.bench.ingest import committed, drain
from tests.bench.support.fast_publisher import Load
from tests.support.services import wait_until
from tests.support.stack import Plant, whole_plant

PACKETS = int(os.environ.get("BENCH_PACKETS", "200000"))
RATE, QUARTER_HOUR = 2_000, 900
# Readings of the past that wait to be summed up: of each series one every 10 s.
PAST = "generate_series(1, 3000)"


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        hold(plant)
        plant.worker()
        without = drain(plant, PACKETS)["packets_per_s"]
        waiting = store_past(plant)
        set_free(plant)
        during = drain(plant, PACKETS)["packets_per_s"]
        left = dirty(plant)
        lines = [
            {
                "what": "catching up",
                "packets_per_s": during,
                "without_per_s": without,
                "ratio": round(during / without, 2),
                "quarters_waiting": waiting,
                "quarters_left": left,
            }
        ]
        return [*lines, lag(plant)]


def hold(plant: Plant) -> None:
    """Keep the lease, so that no worker has it."""
    plant.sql(
        "INSERT INTO devices_duty (name, holder, epoch, lease_until, state) "
        "VALUES ('rollups', 'the benchmark', 0, now() + interval '1 day', '{}')"
    )


def set_free(plant: Plant) -> None:
    plant.sql("UPDATE devices_duty SET holder = '', lease_until = NULL")


def store_past(plant: Plant) -> int:
    """Store what was not summed up yet, for the past eight hours; return how many quarters."""
    begin = (time.time_ns() // 1_000 // 60_000_000 - 9 * 60) * 60_000_000
    plant.sql(
        "INSERT INTO devices_reading (series_id, ts, value) "
        f"SELECT id, {begin} + n * 10000000::bigint, n FROM devices_series, {PAST} AS n "
        "ON CONFLICT DO NOTHING"
    )
    found = plant.sql(
        "SELECT count(*) FROM (SELECT DISTINCT series_id, ts / 900000000 FROM devices_reading) q"
    )
    return int(found[0][0])


def dirty(plant: Plant) -> int:
    return int(plant.sql("SELECT count(*) FROM devices_dirty")[0][0])


def lag(plant: Plant) -> dict[str, Any]:
    """Publish 2,000 packets a second over the end of a quarter; return how late its sums were."""
    wait_until(lambda: not backfilling(plant), "the past to be found", 600)
    wait_until(lambda: closed_and_dirty(plant) == 0, "the past to be summed up", 600)
    seconds = QUARTER_HOUR - time.time() % QUARTER_HOUR + 30
    seconds += QUARTER_HOUR if seconds < 90 else 0
    print(f"rollups: {seconds:.0f} s to go", file=sys.stderr)
    before, count = committed(plant), round(RATE * seconds)
    load = Load(plant.broker.port, count, rate=RATE)
    worst, until = 0.0, time.monotonic() + seconds + 20
    while time.monotonic() < until:
        if closed_and_dirty(plant):
            end = plant.sql("SELECT min(bucket) FROM devices_dirty")[0][0] / 1e6 + QUARTER_HOUR
            worst = max(worst, time.time() - end)
        time.sleep(0.2)
    load.wait()
    wait_until(lambda: committed(plant) - before >= count, "every packet", 60)
    return {
        "what": "lag",
        "packets_per_s": RATE,
        "series": int(plant.sql("SELECT count(*) FROM devices_series")[0][0]),
        "seconds": round(seconds),
        "behind_s": round(worst, 1),
    }


def backfilling(plant: Plant) -> bool:
    found = plant.sql("SELECT state -> 'backfill' FROM devices_duty WHERE name = 'rollups'")
    return found[0][0] is not None


def closed_and_dirty(plant: Plant) -> int:
    """Return how many quarters that have ended wait to be summed up."""
    end = int(time.time() * 1e6) - QUARTER_HOUR * 1_000_000
    return int(plant.sql(f"SELECT count(*) FROM devices_dirty WHERE bucket <= {end}")[0][0])
