"""`status`: the health of all processes as a table; `--check` for supervisors."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from devices import health, overview


class Command(BaseCommand):
    """Print how the pipeline, its processes and the devices are."""

    help = "Show the health of all processes. --check: exit status 1 unless ingest is up."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--check", action="store_true", help="exit status 1 unless up")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table."""
        now = timezone.now()
        row = "{:<8} {:<40} {:<8} {:>12}  {}"
        self.stdout.write(row.format("KIND", "PROCESS", "STATE", "HEARTBEAT", "SLOTS"))
        for process in health.processes():
            age = int((now - process.beat_at).total_seconds())
            state = process.state if health.is_alive(process) else "gone"
            slots = ", ".join(
                f"{name} {state[0]}" for name, state in process.info.get("slots", {}).items()
            )
            self.stdout.write(row.format(process.kind, process.id, state, f"{age} s ago", slots))
        ingest = health.ingest_health()
        devices = dict.fromkeys(("online", "stale", "offline", "never", "pending"), 0)
        for counts in overview.fleet(now).values():
            for name in devices:
                devices[name] += counts[name]  # type: ignore[literal-required] # its fields
        words = ", ".join(f"{n} {name}" for name, n in devices.items())
        self.stdout.write(f"ingest: {ingest['state']}; devices: {words}")
        if options["check"] and ingest["state"] != "up":
            sys.exit(1)
