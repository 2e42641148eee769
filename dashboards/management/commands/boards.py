"""`boards dump` and `boards apply`: boards as files that can be kept beside other code."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboards.boards import files
from dashboards.models import Board


class Command(BaseCommand):
    """Write boards as YAML, or make them what a file says."""

    help = "Write boards that people made as YAML, or make them what such a file says."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parts = parser.add_subparsers(dest="what", required=True)
        dump = parts.add_parser("dump", help="write boards to standard output")
        dump.add_argument("slug", nargs="*", help="of the boards; none: all of them")
        apply = parts.add_parser("apply", help="make boards what a file says; all or none")
        apply.add_argument("file", help="a file that dump has written; - for standard input")
        apply.add_argument("--dry-run", action="store_true", help="only say what would be done")
        apply.add_argument("--json", action="store_true", help="print one object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the one or the other."""
        if options["what"] == "dump":
            self.stdout.write(files.dump(self._chosen(options["slug"])), ending="")
            return
        try:
            done = files.apply(_read(options["file"]), dry_run=options["dry_run"])
        except files.WrongFile as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"boards": dict(done)}))
            return
        for slug, what in done:
            self.stdout.write(f"{slug}: {what}")

    def _chosen(self, slugs: list[str]) -> list[Board]:
        boards = Board.objects.select_related("site", "owner").order_by("slug")
        if not slugs:
            return list(boards)
        found = list(boards.filter(slug__in=slugs))
        missing = sorted(set(slugs) - {board.slug for board in found})
        if missing:
            raise CommandError(f"There is no board {', '.join(missing)}.")
        return found


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error
