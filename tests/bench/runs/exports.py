"""What `export` runs for each size: fills the database, and exports it as a job does."""

import json
import sys
import time
from pathlib import Path

import django

django.setup()

from devices.access import Scope  # noqa: E402 - needs the settings
from devices.exports.request import export_of  # noqa: E402
from devices.jobs import files, requests  # noqa: E402
from devices.jobs.runner import Runner  # noqa: E402
from devices.models import Device, Job, Series  # noqa: E402
from tests.bench.support.bulk_fill import fill  # noqa: E402

SERIES = 4


def peak() -> int:
    """Return the most memory (kB) that was resident since it was asked to begin anew."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> None:
    readings = int(sys.argv[1])
    device = Device.objects.create(key=f"bench-{readings}")
    series = [Series.objects.create(device=device, metric=f"m{n}").pk for n in range(SERIES)]
    now = time.time_ns() // 1_000
    fill(series, now, readings // SERIES)
    for form, bucket in (("csv", ""), ("jsonl", ""), ("parquet", ""), ("csv", "hour")):
        scope, more = Scope(everything=True), {"format": form, "bucket": bucket}
        made = export_of(scope, [f"{device.key}/*"], "", "", now=now, **more)
        # From here on the peak is that of the export.
        Path("/proc/self/clear_refs").write_text("5")
        job, started = requests.ask("export", "", made.options(), None), time.perf_counter()
        runner = Runner("bench")
        while runner.step():
            pass
        seconds = time.perf_counter() - started
        done = Job.objects.get(pk=job.pk)
        line = {
            "what": f"{form} {bucket}".strip(),
            "readings": readings,
            "readings_per_s": round(readings / seconds),
            "rows": done.result["rows"],
            "megabytes": round(done.result["bytes"] / 1e6, 1),
            "megabytes_stored": round(files.stored(job.pk) / 1e6, 1),
            "peak_mb": round(peak() / 1e3),
        }
        print(json.dumps(line), flush=True)


main()
