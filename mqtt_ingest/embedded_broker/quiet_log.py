"""Log lines that strangers cause: one a second of a kind, with how many there were."""

import logging
import time
from collections.abc import Callable

SECONDS = 1.0


class QuietLog:
    """Writes warnings to `logger`. Words are escaped by who writes them (`!r`)."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        # Kind -> (when its last line was written, how many have not been since)
        self._last: dict[str, tuple[float, int]] = {}

    def __call__(self, kind: str, words: str) -> None:
        """Write `words`, unless a line of `kind` was written a moment ago."""
        now = self._clock()
        before, left_out = self._last.get(kind, (float("-inf"), 0))
        if now - before < SECONDS:
            self._last[kind] = (before, left_out + 1)
            return
        self._last[kind] = (now, 0)
        more = f" (and {left_out} more of this kind)" if left_out else ""
        self._logger.warning("Broker: %s%s", words[:500], more)
