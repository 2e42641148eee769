"""The job behind `/connect`: listen at the broker for a while, and keep what is proposed."""

import json
import time
from typing import Any

from devices.jobs.runner import JobFailed, Progress, Work
from devices.models import Job
from devices.words import counted
from mqtt_ingest import brokers
from mqtt_ingest.core.structure.observations import Sample
from mqtt_ingest.finding import proposals
from mqtt_ingest.finding.listening import CannotListen, Listener

KIND = "discover"
# A step of a job takes no longer; and so long it listens in all, unless it is told to.
STEP_SECONDS, SECONDS = 1.0, 15


class DiscoverWork(Work):
    """Listens a second a step; what it has heard is lost with its process, and heard again."""

    def __init__(self, job: Job) -> None:
        """Prepare."""
        # "" is the broker of the settings.
        self._broker = str(job.options.get("broker", ""))
        self._seconds = int(job.options.get("seconds", SECONDS))
        self._sample = Sample()
        self._listener: Listener | None = None
        self._heard = 0

    def step(self) -> Progress:
        """Listen for a moment, or work out what is proposed.

        Raises:
            JobFailed: the broker cannot be reached, or does not let us listen.
        """
        if self._heard < self._seconds:
            self._listen()
            return Progress({}, self._heard, self._seconds + 1, self._words())
        self.close()
        found = [one.as_json() for one in proposals.propose(self._sample, self._broker)]
        result: dict[str, Any] = {"packets": self._sample.packets, "topics": len(self._sample)}
        return Progress(
            *({}, self._seconds + 1, self._seconds + 1, self._words()),
            # Halves of characters are JSON, and no page has them.
            output=json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"),
            finished=True,
            result={**result, "proposals": len(found)},
        )

    def close(self) -> None:
        """Leave the broker."""
        if self._listener is not None:
            self._listener.close()

    def _listen(self) -> None:
        try:
            if self._listener is None:
                self._listener = Listener(brokers.find(self._broker), self._sample)
                self._listener.open()
            time.sleep(STEP_SECONDS)
            self._listener.check()
        except CannotListen as error:
            raise JobFailed(str(error)) from error
        except LookupError as error:
            raise JobFailed(f"There is no broker {error} any more.") from error
        self._heard += 1

    def _words(self) -> str:
        packets = counted(self._sample.packets, "packet")
        return f"{packets} on {counted(len(self._sample), 'topic')}"
