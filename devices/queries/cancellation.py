"""Reads that somebody waits for, and that end when nobody does any more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from threading import Event, Lock

from django.db import OperationalError, connection

AGAIN_SECONDS = 0.2

_waiting: ContextVar["Waiting | None"] = ContextVar("waiting", default=None)


class Waiting:
    """Somebody who waits for an answer; `leave` stops the statement that is being made for it.

    Made where one waits, entered where the reading is done: that is another thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._stop: Callable[[], None] | None = None
        self._left = False
        self._ended = Event()
        self._token: Token[Waiting | None] | None = None

    def __enter__(self) -> "Waiting":
        self._token = _waiting.set(self)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._token is not None:
            _waiting.reset(self._token)

    def leave(self) -> None:
        """Wait no longer; returns when the reading has ended. Not to be called on a loop."""
        self._left = True
        while True:
            with self._lock:
                if self._stop is None:
                    return
                self._stop()
            # What was told between two statements stops neither: it is told again.
            if self._ended.wait(AGAIN_SECONDS):
                return

    @property
    def has_left(self) -> bool:
        """Return whether nobody waits any more."""
        return self._left

    def begin(self, stop: Callable[[], None]) -> None:
        """Note how the statements that follow can be stopped.

        Raises:
            django.db.OperationalError: nobody waits any more.
        """
        with self._lock:
            if self._left:
                raise OperationalError("interrupted")
            self._ended.clear()
            self._stop = stop

    def end(self) -> None:
        """Note that there is nothing to stop."""
        with self._lock:
            self._stop = None
        self._ended.set()


def has_left() -> bool:
    """Return whether nobody waits for what this thread reads."""
    waiting = _waiting.get()
    return waiting is not None and waiting.has_left


@contextmanager
def stoppable() -> Iterator[None]:
    """Let statements on this thread's connection be stopped when nobody waits for them."""
    waiting = _waiting.get()
    if waiting is None:
        yield
        return
    connection.ensure_connection()
    link = connection.connection
    # psycopg asks the server by another connection; SQLite is told at once.
    waiting.begin(link.cancel if connection.vendor == "postgresql" else link.interrupt)
    try:
        yield
    finally:
        waiting.end()
