"""`import FILE`: readings of a CSV or JSON Lines file into the database."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from devices.imports.mapping import HEAD, BadMapping, Mapping, columns_of, guess, mapping_of
from devices.imports.previewing import preview_of
from devices.jobs.runner import JobFailed
from devices.models import Job
from mqtt_ingest.importing import ImportWork

_PIECE = 1_000_000


class FileContent:
    """A file on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size

    def pieces(self, start: int) -> Iterable[bytes]:
        """Yield the bytes from `start` on."""
        with self._path.open("rb") as file:
            file.seek(start)
            while piece := file.read(_PIECE):
                yield piece


class Command(BaseCommand):
    """The same as a job, without one; repeating it changes nothing."""

    help = "Import readings; columns are guessed, and named by --map where the guess is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--device", default="", help="key of the one device of the file")
        parser.add_argument("--zone", default="UTC", help="of times that name none")
        parser.add_argument("--create", action="store_true", help="make unknown devices")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="such as time=When, value=Temp, metrics=T,RH (docs/howto/export-import.md)",
        )
        parser.add_argument("--dry-run", action="store_true", help="show the first lines only")
        parser.add_argument("--errors", type=Path, help="a file for the lines that are refused")

    def handle(self, *args: Any, **options: Any) -> None:
        """Guess, show, store."""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        mapping = self._mapping(path, options)
        self._show(path, mapping)
        if options["dry_run"]:
            self.stdout.write("Nothing was stored (--dry-run).")
            return
        job = Job(kind="import", options={"mapping": mapping.options(), "user": 0})
        work = ImportWork(job, FileContent(path))
        try:
            self._store(work, options["errors"])
        except JobFailed as error:
            raise CommandError(str(error)) from error
        finally:
            work.release()

    def _mapping(self, path: Path, options: dict[str, Any]) -> Mapping:
        with path.open("rb") as file:
            head = file.read(HEAD)
        guessed = guess(head, path.name, options["device"])
        given: dict[str, Any] = {"zone": options["zone"], "create": options["create"]}
        for pair in options["map"]:
            name, _equals, text = pair.partition("=")
            is_list = name in {"time", "metrics", "missing"}
            given[name] = [part for part in text.split(",") if part] if is_list else text
        if given.get("value"):
            given.setdefault("metrics", [])
        try:
            return mapping_of({**guessed.options(), **given}, columns_of(head, guessed))
        except BadMapping as error:
            raise CommandError(f"{error} (--map {error.parameter}=…, or --device)") from error

    def _show(self, path: Path, mapping: Mapping) -> None:
        with path.open("rb") as file:
            found = preview_of(file.read(HEAD), mapping)
        for line in found.lines[:3]:
            values = ", ".join(
                f"{p.metric}={p.value if p.text is None else p.text}" for p in line.points
            )
            problems = "; ".join(f"{p.column}: {p.reason}" for p in line.problems)
            self.stdout.write(f"line {line.number}: {line.device} {values} {problems}".rstrip())

    def _store(self, work: ImportWork, errors: Path | None) -> None:
        refused: list[str] = []
        with tqdm(desc="import", unit="B", unit_scale=True) as bar:
            while True:
                progress = work.step()
                bar.total = progress.total
                bar.update(progress.done - bar.n)
                bar.set_postfix_str(progress.words)
                if progress.output:
                    refused.append(progress.output.decode())
                if progress.waits:
                    raise CommandError("Another import is under way; try again when it has ended.")
                if progress.finished:
                    break
        self.stdout.write(progress.words)
        told = "".join(refused)
        if errors is not None:
            errors.write_text(told)
        elif told:
            self.stderr.write(told[:4_000])
