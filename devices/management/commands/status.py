"""`status`: the health of all processes as a table; `--check` for supervisors."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from devices.database import MIGRATE, problem
from devices.monitoring import conditions, heartbeats
from devices.registry import listing
from devices.registry.states import STATES


class Command(BaseCommand):
    """Print how the pipeline, its processes and the devices are."""

    help = "Show the health of all processes. --check: exit status 1 unless ingest is up."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--check", action="store_true", help="exit status 1 unless up")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the table."""
        try:
            self._tell(check=options["check"])
        except Error as error:
            words = problem(error)
            told = words if MIGRATE in words else f"The database does not answer: {error}"
            raise CommandError(told) from error

    def _tell(self, *, check: bool) -> None:
        found = heartbeats.processes()
        row = "{:<8} {:<40} {:<8} {:>12}  {}"
        self.stdout.write(row.format("KIND", "PROCESS", "STATE", "HEARTBEAT", "SLOTS"))
        for process in found:
            state = process.state if heartbeats.is_alive(process) else "gone"
            slots = ", ".join(
                f"{name} {slot['state']}" for name, slot in heartbeats.slots_of(process).items()
            )
            self.stdout.write(
                row.format(process.kind, process.id, state, f"{process.silent_s:.0f} s ago", slots)
            )
        wrong = conditions.current(found)
        for condition in wrong:
            self.stdout.write(f"{condition.level}: {condition.title}: {condition.detail}")
        ingest = heartbeats.ingest_health(found)
        self.stdout.write(f"ingest: {ingest['state']}; devices: {_devices(ingest)}")
        if check and (ingest["state"] != "up" or any(c.level == "red" for c in wrong)):
            sys.exit(1)


def _devices(ingest: heartbeats.IngestHealth) -> str:
    devices = dict.fromkeys((*STATES, "pending"), 0)
    for counts in listing.fleet(heartbeats.as_of_health(ingest)).values():
        for name in devices:
            devices[name] += counts[name]  # type: ignore[literal-required] # its fields
    return ", ".join(f"{n} {name}" for name, n in devices.items())
