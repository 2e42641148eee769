"""States of a worker's parts: one line in the log for each change, not for each look."""

import asyncio
import logging

from mqtt_ingest import metrics

logger = logging.getLogger("mqtt_ingest.worker.engine")
BAD = frozenset({"lost", "refused", "unreachable", "away", "deaf"})


class StateLog:
    """The last known state of each part by its name, such as `ingest-0` or `database`."""

    def __init__(self) -> None:
        # Something that pages are to know at once: the heartbeat does not wait for its time.
        self.changed = asyncio.Event()
        self._states: dict[str, tuple[str, str]] = {}

    def record(self, name: str, state: str, detail: str) -> None:
        """Record the state of part `name`; `detail` says more, for people."""
        if self._states.get(name, ("", ""))[0] == state:
            return
        self._states[name] = (state, detail)
        self.changed.set()
        if state == "lost":
            metrics.CONNECTIONS_LOST.labels(metrics.broker_of(name)).inc()
        level = logging.WARNING if state in BAD else logging.INFO
        logger.log(level, "%s: %s %s", name, state, detail)

    @property
    def database_away(self) -> str | None:
        """Return why the database cannot be reached; None while it can."""
        state, detail = self._states.get("database", ("reachable", ""))
        return detail if state == "away" else None
