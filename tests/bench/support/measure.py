"""Memory and CPU of processes, read from /proc."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.stack import ROOT, Plant

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def rss(pid: int) -> int:
    """Return the resident memory of `pid` in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def cpu_seconds(pid: int) -> float:
    """Return user and system CPU seconds of `pid`; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


class Cpu:
    """CPU seconds by process since it was made; the database's server with its children."""

    def __init__(self, plant: Plant) -> None:
        self._groups = {
            "worker": [plant.processes[-1].pid],
            "broker": [plant.broker.pid],
            "database": [plant.database.pid],
        }
        self._last: dict[int, float] = {}
        self.look()
        self._first = dict(self._last)

    def watch(self, name: str, pid: int) -> None:
        """Count a process that has just been started too."""
        self._groups[name] = [pid]

    def look(self) -> None:
        """Read now, as often as processes may end in between."""
        for name, pids in self._groups.items():
            if name == "database":
                pids[:] = [pids[0], *sorted({*pids[1:], *children(pids[0])})]
            for pid in pids:
                self._last[pid] = cpu_seconds(pid) or self._last.get(pid, 0.0)

    def used(self) -> dict[str, float]:
        """Return the CPU seconds of each."""
        self.look()
        return {
            name: sum(self._last[pid] - self._first.get(pid, 0.0) for pid in pids)
            for name, pids in self._groups.items()
        }


def children(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in children.split()]


def lines_of(plant: Plant, module: str, *arguments: str) -> list[dict[str, Any]]:
    """Run `module` in a process configured for the plant's database; return the lines it told."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**plant.env, "DJANGO_SETTINGS_MODULE": "iotbridge.settings"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
