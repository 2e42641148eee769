"""`export`: readings or their sums to a file or standard output."""

import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from devices.access import ALL, Scope, scope_of
from devices.exports.job import SHARE, ExportWork
from devices.exports.request import FORMATS, BadExport, Export, export_of
from devices.jobs.runner import JobFailed
from devices.models import Job
from devices.queries.calendars import BUCKETS


class Command(BaseCommand):
    """The same as a job, without one."""

    help = "Export readings, or their sums by calendar buckets."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "keys", nargs="+", metavar="KEY", help="device/metric, device/*, or * for everything"
        )
        parser.add_argument("--from", dest="start", default="", help="ISO 8601 or ms; the first")
        parser.add_argument("--to", dest="end", default="", help="ISO 8601 or ms; now")
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument(
            "--bucket", choices=BUCKETS, default="", help="sums instead of readings"
        )
        parser.add_argument("--zone", default="UTC", help="of the times, and of the calendar")
        parser.add_argument("--user", default="", help="only what this person may see")
        parser.add_argument("-o", "--output", default="-", help="a file; - for standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, then write."""
        scope, user = self._scope(options["user"])
        more = {name: options[name] for name in ("format", "bucket", "zone")}
        now = time.time_ns() // 1_000
        try:
            export = export_of(
                *(scope, options["keys"], options["start"], options["end"]),
                now=now,
                user=user,
                **more,
            )
            if options["output"] == "-":
                self._write(export, sys.stdout.buffer)
                return
            path = Path(options["output"])
            with path.open("wb") as out:
                self._write(export, out)
        except (BadExport, JobFailed) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Cannot write {options['output']}: {error.strerror}") from error

    def _scope(self, name: str) -> tuple[Scope, int]:
        if not name:
            return ALL, 0
        model = get_user_model()
        user = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()  # noqa: SLF001
        if user is None:
            raise CommandError(f"There is no user {name!r}.")
        return scope_of(user), int(user.pk)

    def _write(self, export: Export, out: BinaryIO) -> None:
        work = ExportWork(Job(options=export.options()))
        with tqdm(total=len(export.series) * SHARE, desc="export", unit="") as bar:
            while True:
                progress = work.step()
                out.write(progress.output)
                bar.set_postfix_str(progress.words)
                bar.update(progress.done - bar.n)
                if progress.finished:
                    return
