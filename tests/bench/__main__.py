"""`make bench`: prints one JSON object a line. Name benchmarks to run only those."""

import json
import sys
from collections.abc import Callable
from typing import Any

from tests.bench import (
    alarms,
    backlog,
    decoders,
    export,
    fanout,
    frame,
    ingest,
    live,
    lone,
    opening,
    overview,
    peers,
    phone,
    rollups,
    screen,
    search,
    series,
    slow,
    sparse,
    standalone,
    window,
)
from tests.bench import (
    bytes as bytes_per_reading,
)

BENCHMARKS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "alarms": alarms.run,
    "frame": frame.run,
    "ingest": ingest.run,
    "decoders": decoders.run,
    "lone": lone.run,
    "backlog": backlog.run,
    "series": series.run,
    "sparse": sparse.run,
    "standalone": standalone.run,
    "live": live.run,
    "peers": peers.run,
    "overview": overview.run,
    "search": search.run,
    "opening": opening.run,
    "phone": phone.run,
    "window": window.run,
    "rollups": rollups.run,
    "bytes": bytes_per_reading.run,
    "export": export.run,
    "fanout": fanout.run,
    "plain": fanout.run_plain,
    "slow": slow.run,
    "screen": screen.run,
}


def main() -> None:
    wanted = sys.argv[1:] or list(BENCHMARKS)
    for name in wanted:
        for line in BENCHMARKS[name]():
            print(json.dumps({"benchmark": name, **line}), flush=True)


main()
