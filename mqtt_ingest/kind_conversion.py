"""Storing a series' readings anew when somebody has changed its kind.

What fits the new kind becomes a value of it, by the rules of packets; what does not is kept
as a text, so that nothing is lost and changing back brings it back. A step that is done
twice changes nothing.
"""

from collections.abc import Sequence
from typing import Any, cast

from django.db import transaction

from devices.corrections import WRITER
from devices.jobs.runner import Progress, Work
from devices.models import Job, Series
from devices.storage import rewriting
from devices.storage.rewriting import Reading
from devices.words import counted
from mqtt_ingest import conf
from mqtt_ingest.core.descriptions import Kind
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import SampleKind
from mqtt_ingest.core.samples import fit, leaf, told_by

KIND = "convert"
ROWS = 2_000


def ask(series: Sequence[Series], old: dict[int, str], user: Any) -> Job:
    """Ask for what is stored of `series` to be converted; `old` are their kinds before, by pk."""
    words = ", ".join(str(one) for one in series)
    return Job.objects.create(
        kind=KIND,
        title=words[:200],
        options={"series": [[one.pk, old[one.pk]] for one in series]},
        asked_by_id=user.pk if user is not None else None,
    )


class ConvertWork(Work):
    """Goes through the readings of one series after the other, the oldest first."""

    def __init__(self, job: Job) -> None:
        self._series: list[tuple[int, str]] = [(pk, old) for pk, old in job.options["series"]]
        self._at: int = job.position.get("at", 0)
        self._ts: int = job.position.get("ts", -(2**62))
        self._done: int = job.done
        self._limits = conf.limits()

    def step(self) -> Progress:
        """Convert up to `ROWS` readings in one transaction."""
        if self._at >= len(self._series):
            return self._progress(finished=True)
        pk, old = self._series[self._at]
        with transaction.atomic():
            kind = Series.objects.filter(pk=pk).values_list("kind", flat=True).first()
            rows = rewriting.read_after(pk, self._ts, ROWS) if kind else []
            new = [_converted(cast("Kind", kind), old, row, self._limits) for row in rows]
            changed = [row for row, before in zip(new, rows, strict=True) if row != before]
            if changed:
                rewriting.rewrite(WRITER, pk, changed)
        self._done += len(rows)
        if len(rows) == ROWS:
            self._ts = rows[-1][0]
        else:
            self._at, self._ts = self._at + 1, -(2**62)
        return self._progress(finished=self._at >= len(self._series))

    def _progress(self, *, finished: bool) -> Progress:
        total = self._done if finished else self._done + ROWS
        words = counted(self._done, "reading")
        position = {"at": self._at, "ts": self._ts}
        return Progress(position, self._done, total, words, finished=finished)


def _converted(kind: Kind, old: str, row: Reading, limits: Limits) -> Reading:
    """Return a reading of a series that was `old` as one of `kind` stores it."""
    ts, value, text = row
    sample: SampleKind = "boolean" if old == "boolean" else "number"
    if text is not None:
        read = leaf(text, limits)
        sample, value = (read[0], read[1]) if isinstance(read, tuple) else ("text", None)
        # What was written of a number by an earlier change is that number, to its last digit.
        own = told_by(text) if sample == "text" else None
        sample, value = ("number", own) if own is not None else (sample, value)
    value, words, _fits = fit(kind, sample, value, text)
    return ts, value, words
