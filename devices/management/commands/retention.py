"""`retention`: what retention would remove, and removing it now."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from devices.retention import preview
from devices.retention.disk import look
from devices.retention.policies import GRACE_DAYS
from devices.retention.sweeper import Sweeper, run_once
from devices.rollups.levels import SECOND
from devices.words import counted


class Command(BaseCommand):
    """Workers do the same once a day; this shows it, or does it now."""

    help = "Remove readings and sums that no policy keeps. --dry-run: only say what would go."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--dry-run", action="store_true", help="remove nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show the preview; unless that is all, make one pass."""
        lines = preview.preview(round(time.time() * SECOND))
        for line in lines:
            self._show(line)
        if not lines:
            self.stdout.write("There are no series yet.")
        self.stdout.write(look().words)
        if options["dry_run"]:
            self.stdout.write("Nothing was removed (--dry-run).")
            return
        total = sum(line.readings + line.minutes + line.quarters + line.hours for line in lines)
        sweeper = Sweeper("manage.py retention")
        try:
            with tqdm(total=total, unit="row", desc="retention") as bar:
                whole = run_once(sweeper, lambda s: bar.update(s.removed - bar.n))
                bar.total = bar.n
        finally:
            sweeper.release()
        self.stdout.write(f"Removed {sweeper.removed} rows and {sweeper.dropped} partitions.")
        if not whole:
            raise CommandError(
                "Not all could be removed: rollups have not read it yet, or another process is "
                "at it. Is a worker running (manage.py status)? It goes on by itself."
            )

    def _show(self, line: preview.Line) -> None:
        self.stdout.write(
            f"{line.policy}\n"
            f"  {line.series} series; to go: {counted(line.readings, 'reading')}, "
            f"{counted(line.minutes, 'minute')}, "
            f"{line.quarters} quarters, {line.hours} hours; about {line.bytes / 1e6:.1f} MB"
        )
        if line.spared:
            self.stdout.write(
                f"  {line.spared} of them have older readings, which are left alone: the series "
                f"is younger than {GRACE_DAYS} days and nobody has set a policy"
            )
