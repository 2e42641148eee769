"""An upload on its way to an import: kept, guessed at, previewed, started."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from devices.imports.contents import BadFile, as_utf8
from devices.imports.mapping import (
    HEAD,
    BadMapping,
    Mapping,
    check_types,
    columns_of,
    guess,
    mapping_of,
    units_of,
)
from devices.imports.numbers import DecimalComma
from devices.imports.parser import Line, Reader
from devices.imports.timestamps import DateOrder
from devices.jobs import files, requests
from devices.models import Job
from devices.models.accounts import AnyUser
from devices.queries import budget
from devices.words import counted

# Lines that a preview shows.
SHOWN = 10
_JOIN = 500_000
# For so long the database may take the parts of one file in.
UPLOAD_SECONDS = 1_800.0


class BadUpload(Exception):
    """A file that cannot be taken; `parameter` names the field."""

    def __init__(self, detail: str, parameter: str) -> None:
        super().__init__(detail)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Preview:
    """The first lines as a mapping reads them."""

    mapping: Mapping
    columns: list[str]
    lines: list[Line]
    head: list[str]


def upload(
    name: str, chunks: Iterable[bytes], device: str, user: AnyUser, zone: str = "UTC"
) -> Job:
    """Keep a file, with a guess at its columns; the job waits until it is started.

    Args:
        name: of the file.
        chunks: its content.
        device: the key of the one device it is of; empty where a column tells.
        user: whose it is.
        zone: of times that name none, to begin with.

    Raises:
        BadUpload: it is empty, or larger than IMPORT_MB.
        TooManyJobs: this person has too many jobs.
    """
    budget.extend(UPLOAD_SECONDS)
    pk = user.pk if user is not None else 0
    name = "".join(c for c in name if c.isprintable())
    if not device.isprintable():
        raise BadUpload("device: it holds characters that no key has", "device")
    job = requests.ask("import", name, {"user": pk}, user, state=Job.State.ASKING)
    try:
        # Part by part, so that others may write meanwhile.
        dates, commas = DateOrder(), DecimalComma()
        pieces = map(commas.look, map(dates.look, as_utf8(_bounded(_joined(chunks)))))
        job.total = files.store(job.pk, files.IN, pieces)
        if not job.total:
            raise BadUpload("file: it is empty", "file")
        mapping = settled(guess(_head(job), name, device), dates, commas)
        job.options = {"user": pk, "mapping": replace(mapping, zone=zone).options()}
        job.words = counted(job.total, "byte")
        job.save(update_fields=["total", "options", "words"])
    except BaseException as error:
        while files.remove(job.pk):
            pass
        job.delete()
        if isinstance(error, BadFile):
            raise BadUpload(f"file: {error}", "file") from error
        raise
    return job


def settled(mapping: Mapping, dates: DateOrder, commas: DecimalComma) -> Mapping:
    """Return a guess with what the whole file tells, where its first lines do not."""
    order = mapping.order or dates.order
    return replace(mapping, order=order, decimal=mapping.decimal or ("," if commas.found else "."))


class MayNotCreate(Exception):
    """Somebody wants an import to register devices who may not; nothing was changed."""


def remap(job: Job, given: dict[str, Any], *, may_create: bool) -> Mapping:
    """Take other columns; what is not given stays.

    Args:
        job: that is still asking.
        given: fields of a mapping.
        may_create: whether whoever asks may register devices anywhere.

    Raises:
        BadMapping: names the field that is wrong.
        MayNotCreate: of `create`.
    """
    old = _mapping(job)
    check_types(given)
    wanted = {**old.options(), **given}
    laid_out = replace(old, delimiter=wanted["delimiter"], skip_lines=wanted.get("skip_lines", 0))
    columns = columns_of(_head(job), laid_out)
    mapping = mapping_of(wanted, columns)
    if mapping.create and not may_create:
        raise MayNotCreate
    job.options = {**job.options, "mapping": mapping.options()}
    job.save(update_fields=["options"])
    return mapping


def start(job: Job) -> bool:
    """Let workers begin, unless it was started or cancelled meanwhile.

    Raises:
        BadMapping: the columns are not named yet.
    """
    mapping = _mapping(job)
    mapping_of(mapping.options(), columns_of(_head(job), mapping))
    asked = Job.objects.filter(pk=job.pk, state=Job.State.ASKING)
    return bool(asked.update(state=Job.State.WAITING, words=""))


def preview(job: Job) -> Preview:
    """Return the first lines as they would be read."""
    return preview_of(_head(job), _mapping(job))


def preview_of(head: bytes, mapping: Mapping) -> Preview:
    """Return the first lines of `head` as `mapping` reads them."""
    columns = columns_of(head, mapping)
    shown = head.decode(mapping.encoding, "replace").splitlines()[: SHOWN + 1 + mapping.skip_lines]
    lines: list[Line] = []
    if mapping.time and set(mapping.time) <= {*columns, *([] if columns else mapping.time)}:
        reader = Reader(mapping, columns, 0, 0, units=units_of(head, mapping))
        found = reader.lines([head], header=mapping.format == "csv")
        lines = [line for line, _number in zip(found, range(SHOWN), strict=False)]
    return Preview(mapping, columns, lines, shown)


def _mapping(job: Job) -> Mapping:
    """Return the mapping as it is kept.

    Raises:
        BadMapping: the file is not there yet.
    """
    if "mapping" not in job.options:
        raise BadMapping("the file is still being uploaded", "file")
    return Mapping(**job.options["mapping"])


def _head(job: Job) -> bytes:
    return files.read(job.pk, files.IN, 0)[:HEAD]


def _joined(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces of about a part's size: uploads come in 64 KiB."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) >= _JOIN:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _bounded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    left = settings.IMPORT_MB * 10**6
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise BadUpload(f"file: over {settings.IMPORT_MB} MB (IMPORT_MB)", "file")
        yield piece
