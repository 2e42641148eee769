"""`restore FOLDER`: a backup in place of what is there, which is kept beside it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader

from devices.background import single_process
from devices.monitoring import heartbeats
from iotbridge.progress_bars import Bars
from iotbridge.standalone.backup import BadBackup, restore, verify
from iotbridge.standalone.database_file import database_file


class Command(BaseCommand):
    """Verifies every byte first; refuses while a process uses the database."""

    help = "Put a backup of a standalone installation in place."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("folder", type=Path, help="what `backup` made")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, make sure that nothing runs, and swap."""
        database = database_file("pg_restore, see docs/howto/backup.md")
        folder: Path = options["folder"].resolve()
        try:
            known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
            with Bars() as bars:
                self._claim()
                made = verify(folder, known, bars.show)
                if database.is_file():
                    self._check_stopped()
                connection.close()
                kept = restore(folder, made, database, bars.show)
        except (BadBackup, OSError) as error:
            raise CommandError(f"Nothing was restored: {error}") from error
        counts = ", ".join(f"{rows} {table}" for table, rows in made.counts.items())
        self.stdout.write(f"Restored the backup of {made.made_at}: {counts}")
        if kept is not None:
            self.stdout.write(
                f"What was there before is kept as {kept}; remove it when all is well."
            )
        self.stdout.write("Start iotbridge again: python manage.py standalone")

    def _claim(self) -> None:
        """Keep processes out until this one ends; a frozen one holds the folder, too."""
        folder = Path(settings.DATA_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            single_process.claim(folder, whole=False)
        except single_process.AlreadyRunning as error:
            raise BadBackup(
                f"iotbridge runs on {error}, perhaps frozen; stop it first (`fuser {error}/"
                f"{single_process.FILE}` names its process)"
            ) from error

    def _check_stopped(self) -> None:
        try:
            running = [p.id for p in heartbeats.processes() if heartbeats.is_alive(p)]
        except Error:
            return  # no database that can be read
        if running:
            raise BadBackup(
                f"iotbridge runs ({running[0]}); stop it, and wait some seconds after a crash"
            )
