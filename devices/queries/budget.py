"""What one request may cost the database, over all its statements: seconds and rows.

A limit on each statement is none on a request that makes a thousand of them. The budget is
made where a request comes in, and spent on the thread that answers it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import Any

from django.db import connection

from devices.queries.cancellation import has_left

# A request's statements together, in s; and the rows and bins that an answer is made of, which
# are held in memory until it is sent.
REQUEST_SECONDS = 30.0
REQUEST_ROWS = 400_000
# Instructions of SQLite's machine between two looks at the clock.
_LOOK_EVERY = 100_000


class QueryTooLong(Exception):
    """A read was stopped, for the good of everybody else: it took too long, or too much."""


class Budget:
    """What is left of a request's share."""

    def __init__(self, seconds: float = REQUEST_SECONDS, rows: int = REQUEST_ROWS) -> None:
        self.spent = 0.0
        self._seconds = seconds
        self._rows = rows

    @property
    def left(self) -> float:
        """Return how many seconds are left."""
        return self._seconds - self.spent

    def extend(self, seconds: float) -> None:
        """Let the request take `seconds` more: it does what somebody was allowed to do."""
        self._seconds += seconds

    def take_rows(self, rows: int) -> None:
        """Take `rows` of what an answer may hold.

        Raises:
            QueryTooLong: there is not so much left.
        """
        self._rows -= rows
        if self._rows < 0:
            raise QueryTooLong(
                f"an answer has {REQUEST_ROWS} rows at most; ask for a shorter span, fewer "
                "points, or fewer series"
            )

    def run(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001 - Django's
        context: Any,
    ) -> Any:
        """Execute a statement within what is left (a Django execute wrapper).

        Raises:
            QueryTooLong: nothing was left.
        """
        if self.left <= 0:
            raise QueryTooLong(
                f"answering this takes over {self._seconds:.0f} s of the database; ask for less"
            )
        if connection.vendor != "postgresql":
            stop_at(time.monotonic() + self.left)
        began = time.monotonic()
        try:
            return execute(sql, params, many, context)
        finally:
            self.spent += time.monotonic() - began


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)
# Until when (monotonic) what is read in a snapshot may take; on this thread.
_deadline: ContextVar[float] = ContextVar("deadline", default=inf)


@contextmanager
def budgeted(budget: Budget) -> Iterator[Budget]:
    """Have everything within, and what it starts on other threads, be paid from `budget`."""
    token = _budget.set(budget)
    try:
        yield budget
    finally:
        _budget.reset(token)


def current() -> Budget | None:
    """Return the budget of the request that is being answered here."""
    return _budget.get()


def extend(seconds: float) -> None:
    """Let this request, if it is one, take `seconds` more: an upload, or a deletion."""
    budget = _budget.get()
    if budget is not None:
        budget.extend(seconds)


def take_rows(rows: int) -> None:
    """Take `rows` from the budget of the request, where there is one.

    Raises:
        QueryTooLong: there is not so much left.
    """
    budget = _budget.get()
    if budget is not None:
        budget.take_rows(rows)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Have SQLite stop what is read within, once that took `seconds`."""
    token = _deadline.set(time.monotonic() + seconds)
    stop_at(inf)
    try:
        yield
    finally:
        _deadline.reset(token)
        stop_no_more()


def was_stopped(error: BaseException) -> bool:
    """Return whether `error` says that a statement was told to stop."""
    return getattr(error.__cause__, "sqlstate", "") == "57014" or str(error) == "interrupted"


def stop_at(until: float) -> None:
    """Have SQLite stop what runs at `until` (monotonic), or when nobody waits for it."""
    last = min(until, _deadline.get())
    connection.ensure_connection()
    connection.connection.set_progress_handler(
        lambda: time.monotonic() > last or has_left(), _LOOK_EVERY
    )


def stop_no_more() -> None:
    """Have SQLite run whatever comes for as long as it takes."""
    if connection.connection is not None:
        connection.connection.set_progress_handler(None, 0)
