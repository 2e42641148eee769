"""`alarms`: what rules on 10,000 series cost the ingest at full rate; how soon somebody is told;
and what a back-test finds in a recording with known anomalies, and how quickly in a year.

The recording is machine temperature from the Numenta Anomaly Benchmark (../shared/data/nab).
"""

import csv
import json
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.bench.ingest import drain
from tests.bench.support.fast_publisher import Load
from tests.support.services import ROOT, wait_until
from tests.support.sinks import WebSink, web_sink
from tests.support.stack import Plant, publish, whole_plant

PACKETS = int(os.environ.get("BENCH_PACKETS", "200000"))
DEVICES, METRICS, TOLD = 3_334, 3, 100
# Points of a packet.
EACH = 500
NAB = ROOT.parent / "shared" / "data" / "nab"
NAME = "machine_temperature_system_failure"
RULE = (
    "from devices.alarms import editing; from devices.alarms.models import Rule; "
    "editing.save(Rule(name='x', metric='{metric}', kind='{kind}', high={high}, again_s=0), 'x')"
)
RECEIVER = (
    "from devices.alarms import receivers; from devices.alarms.models import Receiver; "
    "one = Receiver(name='sink', kind='webhook', target='{url}'); receivers.new_secret(one); "
    "one.save()"
)
HOLD = (
    "INSERT INTO devices_duty (name, holder, epoch, lease_until, state) "
    "VALUES ('alarms', 'the benchmark', 0, now() + interval '1 day', '{}')"
)
FREE = "UPDATE devices_duty SET holder = '', lease_until = NULL WHERE name = 'alarms'"


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant, web_sink() as sink:
        plant.sql(HOLD)
        plant.worker(NOTIFY_NETWORKS="127.0.0.0/8", MQTT_REGISTRATION="accept")
        # All series are there before it is measured.
        Load(plant.broker.port, DEVICES, DEVICES, METRICS).wait()
        wait_until(lambda: plant.count("devices_series") == DEVICES * METRICS, "the series", 120)
        _shell(plant, RULE.format(metric="*", kind="above", high=1e12))
        without = drain(plant, PACKETS, DEVICES, METRICS)["packets_per_s"]
        plant.sql(FREE)
        wait_until(lambda: _watched(plant) == DEVICES * METRICS, "the rules to be looked at", 120)
        during = drain(plant, PACKETS, DEVICES, METRICS)["packets_per_s"]
        wait_until(lambda: _behind(plant) == 0, "every change to be looked at", 300)
        return [
            {
                "what": "full rate",
                "series_with_rules": DEVICES * METRICS,
                "packets_per_s": during,
                "without_per_s": without,
                "ratio": round(during / without, 2),
            },
            _told(plant, sink),
            *_back_tests(plant),
        ]


def _shell(plant: Plant, code: str) -> str:
    return str(plant.manage("shell", "-v", "0", "-c", code))


def _watched(plant: Plant) -> int:
    found = plant.sql("SELECT info -> 'services' -> 'alarms' FROM devices_process")
    told = [row[0] for row in found if row[0]]
    return max((one["watched"] for one in told if not one["to look at"]), default=0)


def _behind(plant: Plant) -> int:
    found = plant.sql(
        "SELECT count(*) FROM devices_change c, devices_duty d WHERE d.name = 'alarms' "
        "AND c.seq > coalesce((d.state -> 'position' ->> c.writer)::bigint, 0)"
    )
    return int(found[0][0])


def _told(plant: Plant, sink: WebSink) -> dict[str, Any]:
    """Return how long it takes from a packet's way to the broker to the message's arrival."""
    _shell(plant, RULE.format(metric="hot", kind="above", high=5))
    _shell(plant, RECEIVER.format(url=sink.url))
    waits = []
    for n in range(TOLD):
        before = len(sink.posts)
        began = time.perf_counter()
        publish(
            plant,
            [(f"devices/hot-{n // 2 % 10}/telemetry", json.dumps({"hot": 9 if n % 2 else 1}))],
        )
        if n < 20:
            # The series are new; nothing is told of what was well.
            time.sleep(1.0)
            continue
        _wait_for_more(sink, before)
        waits.append(time.perf_counter() - began)
    waits.sort()
    return {
        "what": "packet to message",
        "messages": len(waits),
        "median_s": round(waits[len(waits) // 2], 2),
        "worst_s": round(waits[-1], 2),
    }


def _wait_for_more(sink: WebSink, before: int) -> None:
    wait_until(lambda: len(sink.posts) > before, "the message", 20)


TRY = """
import json, time
from devices import queries
from devices.alarms.back_test import back_test
from devices.alarms.models import Rule
rule = Rule(**{rule})
rule.full_clean()
began = time.perf_counter()
with queries.read_snapshot():
    found = back_test(rule, {start}, {end})
took = time.perf_counter() - began
print(json.dumps([took, [[one.since, one.until or {end}] for one in found.alarms]]))
"""
# Each is asked of the recording, whose usual course is 70 to 105 °F.
RULES = {
    "below 45 for 30 min": {"kind": "below", "low": 45, "hysteresis": 5, "for_s": 1_800},
    "fell by 15 in 1 h": {"kind": "rate", "low": 15, "window_s": 3_600},
    "out of 55 to 105": {"kind": "outside", "low": 55, "high": 105, "hysteresis": 2, "for_s": 900},
}


def _back_tests(plant: Plant) -> list[dict[str, Any]]:
    points = _recording()
    start, end = points[0][0], points[-1][0] + 1
    _store(plant, "nab", points)
    windows = [
        (_us(since), _us(until))
        for since, until in json.loads((NAB / "anomaly_windows.json").read_text())[f"{NAME}.csv"]
    ]
    lines = []
    for name, rule in RULES.items():
        took, alarms = _tried(plant, rule, "nab", start, end)
        hit = [w for w in windows if any(a <= w[1] and b >= w[0] for a, b in alarms)]
        false = [a for a in alarms if not any(a[0] <= w[1] and a[1] >= w[0] for w in windows)]
        lines.append(
            {
                "what": f"back-test: {name}",
                "alarms": len(alarms),
                "windows_found": f"{len(hit)} of {len(windows)}",
                "false": len(false),
                "took_s": round(took, 2),
            }
        )
    return [*lines, _a_year(plant)]


def _a_year(plant: Plant) -> dict[str, Any]:
    """A year of a value a minute, with its hours summed up."""
    end = time.time_ns() // 1_000 // 3_600_000_000 * 3_600_000_000
    count = 365 * 1_440
    points = [(end - (count - n) * 60_000_000, 50 + (n // 4_000) % 30) for n in range(count)]
    _store(plant, "year", points)
    rule = {"kind": "above", "high": 75}
    took, alarms = _tried(plant, rule, "year", points[0][0], end)
    return {
        "what": "back-test: a year",
        "readings": count,
        "alarms": len(alarms),
        "took_s": round(took, 2),
    }


def _store(plant: Plant, metric: str, points: Sequence[tuple[int, float]]) -> None:
    """Have points come by the broker, so that they are summed up as any others."""
    rows = [{"ts": ts // 1_000, metric: value} for ts, value in points]
    packets = [rows[start : start + EACH] for start in range(0, len(rows), EACH)]
    before = plant.count()
    publish(plant, [("devices/bench/telemetry", json.dumps(packet)) for packet in packets])
    wait_until(lambda: plant.count() - before >= len(points), "the readings", 300)


def _tried(
    plant: Plant, rule: dict[str, Any], metric: str, start: int, end: int
) -> tuple[float, list[list[int]]]:
    fields = {"name": "x", "metric": metric, "again_s": 3_600, **rule}
    told = json.loads(_shell(plant, TRY.format(rule=fields, start=start, end=end)))
    return told[0], told[1]


def _recording() -> list[tuple[int, float]]:
    with (NAB / f"{NAME}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return sorted({_us(row["timestamp"]): float(row["value"]) for row in rows}.items())


def _us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6)
