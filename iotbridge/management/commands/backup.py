"""`backup [FOLDER]`: a verified copy of a standalone installation, while it runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from iotbridge.progress_bars import Bars
from iotbridge.standalone.backup import BadBackup, backup
from iotbridge.standalone.database_file import database_file


class Command(BaseCommand):
    """SQLite's file and what lies beside it; PostgreSQL has its own tools."""

    help = "Back a standalone installation up, while it runs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "folder", nargs="?", type=Path, help="that does not exist yet; DATA_DIR/backups/…"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy, verify, and say what is in it."""
        database = database_file("pg_dump -Fc, see docs/howto/backup.md")
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        target: Path = options["folder"] or database.parent / "backups" / f"iotbridge-{stamp}"
        try:
            with Bars() as bars:
                made = backup(database, target.resolve(), settings.VERSION, bars.show)
        except (BadBackup, OSError) as error:
            raise CommandError(f"No backup was made: {error}") from error
        size = sum(told["size"] for told in made.files.values())
        counts = ", ".join(f"{rows} {table}" for table, rows in made.counts.items())
        self.stdout.write(f"{target}: {size / 1e6:.1f} MB, verified; {counts}")
