"""Changing the kind of series. The ingest app knows kinds, so it converts what is stored."""

from collections.abc import Callable, Sequence
from typing import Any

from devices.models import Job, Series

# Set by the ingest app at the start: (series, their kinds before by pk, user) -> the job.
converters: list[Callable[[Sequence[Series], dict[int, str], Any], Job]] = []


def convert(series: Sequence[Series], old: dict[int, str], user: Any) -> list[Job]:
    """Have what is stored of `series`, whose kinds were changed, converted by a job.

    Args:
        series: as they are now.
        old: their kinds before, by pk.
        user: who has changed them.
    """
    return [ask(series, old, user) for ask in converters] if series else []
