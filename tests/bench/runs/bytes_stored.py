"""What `bytes` runs for each database: stores recordings, and weighs the tables."""

import csv
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402 - needs the settings

from devices.rollups.levels import LEVELS  # noqa: E402
from devices.rollups.roller import Roller  # noqa: E402
from devices.storage import dialects, leases  # noqa: E402
from mqtt_ingest.recordings import reader  # noqa: E402
from mqtt_ingest.storing.slot_writer import SlotWriter  # noqa: E402
from tests.bench.support.measure import children  # noqa: E402
from tests.support.factories import make_batch, make_entry  # noqa: E402
from tests.support.services import ROOT  # noqa: E402

RECORDINGS = ROOT.parent / "shared" / "data"
BATCH = 100


def own(folder: Path) -> Path:
    """Return a month of one value a minute, where the recordings are not at hand."""
    path, start = folder / "own-month.csv", datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["timestamp", "value"])
        for n in range(43_200):
            rows.writerow([f"{start + timedelta(minutes=n):%Y-%m-%d %H:%M:%S}", n % 97 / 8])
    return path


def weigh() -> dict[str, int]:
    """Return the bytes of each table with its indexes."""
    tables = ("devices_reading", *(level.table for level in LEVELS), "devices_change")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM")
            sql = (
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c "
                "WHERE c.relname = %s OR c.oid IN (SELECT inhrelid FROM pg_inherits i "
                "JOIN pg_class p ON p.oid = i.inhparent WHERE p.relname = %s)"
            )
            found = {}
            for table in tables:
                cursor.execute(sql, [table, table])
                found[table] = int(cursor.fetchone()[0])
            return found
        sizes = {}
        for table in tables:
            cursor.execute(
                "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN "
                "(SELECT name FROM sqlite_master WHERE tbl_name = %s)",
                [table],
            )
            sizes[table] = int(cursor.fetchone()[0])
        return sizes


def written() -> int:
    """Return the bytes that the database has sent to the disk so far."""
    with connection.cursor() as cursor:
        sql = "CHECKPOINT" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint"
        cursor.execute(sql)
    server = int(sys.argv[1]) if sys.argv[1] else 0
    pids = [server, *children(server)] if server else ["self"]
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/io").read_text().splitlines():
            name, _colon, value = line.partition(": ")
            total += int(value) if name == "write_bytes" else 0
    return total


def store(path: Path, writer: SlotWriter) -> int:
    """Store a recording as packets; return how many readings went in."""
    device, entries, readings = reader.device_name(path), [], 0
    how = reader.Reading(missing=frozenset({-200.0}))
    for record in reader.read(path, how):
        body = json.dumps({"ts": record.ts // 1_000, **record.values})
        entries.append(make_entry(body, f"devices/{device}/telemetry"))
        if len(entries) == BATCH:
            readings += writer.store(make_batch(*entries)).readings
            entries = []
    return readings + (writer.store(make_batch(*entries)).readings if entries else 0)


def main() -> None:
    dialect = dialects.dialect()
    writer = SlotWriter("ingest-0", dialect)
    writer.epoch = leases.acquire("ingest-0", "bench", dialect) or 0
    roller = Roller("bench")
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(RECORDINGS.rglob("*.csv")) or [own(Path(folder))]
        for path in paths:
            before, disk = weigh(), written()
            readings = store(path, writer)
            stored = written() - disk
            while roller.step():
                pass
            grown = {name: size - before[name] for name, size in weigh().items()}
            rollups = sum(grown[level.table] for level in LEVELS)
            line = {
                "recording": path.stem,
                "readings": readings,
                "bytes_raw": round(grown["devices_reading"] / readings, 1),
                "bytes_rollups": round(rollups / readings, 1),
                "bytes_change_log": round(grown["devices_change"] / readings, 1),
                "bytes_written": round(stored / readings, 1),
            }
            print(json.dumps(line), flush=True)


main()
