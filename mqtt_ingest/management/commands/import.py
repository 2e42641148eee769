"""`import FILE`: readings of a CSV or JSON Lines file into the database."""

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from devices.imports.contents import BadFile, as_utf8, utf16_of
from devices.imports.mapping import (
    HEAD,
    BadMapping,
    Mapping,
    check_types,
    columns_of,
    guess,
    mapping_of,
)
from devices.imports.numbers import DecimalComma
from devices.imports.timestamps import DateOrder
from devices.imports.uploads import preview_of, settled
from devices.jobs.runner import JobFailed
from devices.models import Job
from devices.queries import calendars
from devices.timestamps import moment
from mqtt_ingest.import_job import ImportWork

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
        with tempfile.TemporaryDirectory() as folder:
            try:
                self._import(_as_utf8(path, Path(folder)), options)
            except BadFile as error:
                raise CommandError(f"{path}: {error}") from error

    def _import(self, path: Path, options: dict[str, Any]) -> None:
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
        head = _head(path)
        guessed = _guess(path, head, options["device"])
        given: dict[str, Any] = {"zone": options["zone"], "create": options["create"]}
        for pair in options["map"]:
            name, _equals, text = pair.partition("=")
            given[name] = _parsed(name, text)
        if given.get("value"):
            given.setdefault("metrics", [])
        try:
            check_types(given)
            laid_out = {name: given[name] for name in ("delimiter", "skip_lines") if name in given}
            columns = columns_of(head, replace(guessed, **laid_out))
            return mapping_of({**guessed.options(), **given}, columns)
        except BadMapping as error:
            raise CommandError(f"{error} (--map {error.parameter}=…, or --device)") from error

    def _show(self, path: Path, mapping: Mapping) -> None:
        found = preview_of(_head(path), mapping)
        zone = calendars.zone_of(mapping.zone)
        for line in found.lines[:3]:
            values = ", ".join(
                f"{p.metric}={p.value if p.text is None else p.text}" for p in line.points
            )
            problems = "; ".join(f"{p.column}: {p.reason}" for p in line.problems)
            when = moment(line.points[0].ts).astimezone(zone).isoformat() if line.points else ""
            words = f"line {line.number}: {when} {line.device} {values} {problems}"
            self.stdout.write(" ".join(words.split()))

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


def _as_utf8(path: Path, folder: Path) -> Path:
    """Return the file, or a copy of it within `folder` where it is not in UTF-8.

    Raises:
        BadFile: it is no text.
    """
    content = FileContent(path)
    if not utf16_of(_head(path)):
        return path
    copy = folder / path.name
    with copy.open("wb") as file:
        file.writelines(as_utf8(content.pieces(0)))
    return copy


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _guess(path: Path, head: bytes, device: str) -> Mapping:
    """Return a guess, by the whole file where its first lines do not tell."""
    guessed = guess(head, path.name, device)
    dates, commas = DateOrder(), DecimalComma()
    if not (guessed.order and guessed.decimal):
        for piece in FileContent(path).pieces(0):
            commas.look(dates.look(piece))
    return settled(guessed, dates, commas)


def _parsed(name: str, text: str) -> Any:
    """Return a field of the mapping from the command line as its type."""
    if name in {"time", "metrics", "missing"}:
        return [part for part in text.split(",") if part]
    if name == "skip_lines" and text.isdecimal():
        return int(text)
    if name in {"skip_first", "units_line"}:
        return text in {"1", "true", "yes"}
    return text
