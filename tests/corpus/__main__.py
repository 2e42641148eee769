"""All ecosystems at once on one Mosquitto, `discover --accept-all` alone, and what was stored.

Each line is published before and during `discover`, and once more after accepting: that last
round counts. Exit status 1 where something is missing, wrong or mixed.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.corpus import lines
from tests.corpus.lines import Line
from tests.corpus.verdict import Found, Table
from tests.support import services
from tests.support.services import wait_until
from tests.support.standalone_stack import Standalone


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="make corpus", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="that discover listens")
    parser.add_argument("--problems", action="store_true", help="name what is not as it must be")
    options = parser.parse_args()
    recorded = list(lines.read(lines.files()))
    with services.mosquitto() as broker, tempfile.TemporaryDirectory() as folder:
        standalone = Standalone(Path(folder))
        try:
            table = _run(standalone, broker.port, recorded, options.seconds)
        finally:
            standalone.stop()
    print("\n".join(table.lines()))
    wrong = [*table.split(), *table.mixed()]
    print(f"split or mixed devices: {'; '.join(wrong) or 'none'}")
    if options.problems:
        for row in table.rows.values():
            print("\n".join(row.problems))
    total = table.total
    return int(total.found < total.expected or total.extra > 0 or bool(wrong))


def _run(standalone: Standalone, port: int, recorded: list[Line], seconds: float) -> Table:
    url = f"mqtt://127.0.0.1:{port}"
    standalone.start(MQTT_URL=url, RETENTION_DAYS="0", STALE_AFTER_S="60")
    client = _client(port)
    _publish(client, recorded)
    stop = threading.Event()
    during = threading.Thread(target=_again, args=(client, recorded, stop))
    during.start()
    told = standalone.manage(
        "discover", "--accept-all", "--json", "--seconds", str(seconds), MQTT_URL=url
    )
    stop.set()
    during.join()
    accepted = json.loads(told)["accepted"]
    _wait_for(standalone, accepted)
    # Births and announcements first, as any publisher sends them again; then what counts.
    _publish(client, recorded)
    table = Table()
    known = set(_rows(standalone))
    for line in recorded:
        began = time.time_ns() // 1_000
        _publish(client, [line])
        _settle(client, standalone)
        rows = _rows(standalone)
        found = [Found(*row, is_new=row not in known) for row in rows]
        table.judge(line, found, began)
        known = set(rows)
    client.disconnect()
    return table


def _client(port: int) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(200)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def _publish(client: mqtt.Client, recorded: list[Line]) -> None:
    told = [client.publish(one.topic, one.payload, 1, one.retain) for one in recorded]
    for one in told:
        one.wait_for_publish(30)


def _again(client: mqtt.Client, recorded: list[Line], stop: threading.Event) -> None:
    while not stop.wait(1.0):
        _publish(client, recorded)


def _wait_for(standalone: Standalone, accepted: list[str]) -> None:
    """Wait until the worker subscribes what was accepted."""
    said = f"reads sources {', '.join(sorted([*accepted, 'native']))}"
    process = standalone.process
    assert process is not None
    wait_until(lambda: said in process.text(), said, 30)


_MARK = "devices/corpus-mark/telemetry"


def _settle(client: mqtt.Client, standalone: Standalone) -> None:
    """Wait until everything before is stored: what comes after it is."""
    number = time.time_ns()
    client.publish(_MARK, json.dumps({"mark": number % 1_000_000_007}), 1).wait_for_publish(30)
    wanted = float(number % 1_000_000_007)

    def is_there() -> bool:
        with closing(_open(standalone)) as database:
            row = database.execute(
                "SELECT max(l.value) FROM devices_latest l JOIN devices_series s ON s.id = "
                "l.series_id WHERE s.metric = 'mark' AND l.value = ?",
                [wanted],
            ).fetchone()
        return row[0] is not None

    wait_until(is_there, "the mark", 30)


def _open(standalone: Standalone) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{standalone.folder / 'db.sqlite3'}?mode=ro", uri=True, timeout=30)


def _rows(standalone: Standalone) -> list[tuple[str, str, float | str, int, str, str]]:
    """Return all that is stored: device, metric, value, µs, kind, unit."""
    with closing(_open(standalone)) as database:
        rows = database.execute(
            "SELECT d.key, s.metric, r.value, r.text, r.ts, s.kind, s.unit "
            "FROM devices_reading r JOIN devices_series s ON s.id = r.series_id "
            "JOIN devices_device d ON d.id = s.device_id WHERE s.metric <> 'mark'"
        ).fetchall()
    return [
        (key, metric, text if value is None else value, ts, kind, unit)
        for key, metric, value, text, ts, kind, unit in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
