"""Where one of several brokers is away: nothing is known of its devices until it is back."""

import time

from devices.background.database_thread import DatabaseThread
from devices.storage import statuses
from devices.timestamps import moment
from devices.timings import CUT_OFF_SECONDS
from mqtt_ingest.brokers import are_several
from mqtt_ingest.storing.slots import Wanted


class CutOff:
    """Notes it, and its end, in the devices' rows. Where the only broker is away, pages say so."""

    def __init__(self, wanted: Wanted, thread: DatabaseThread, *, speaks: bool) -> None:
        """Prepare; of a broker's slots the first `speaks` for all, unless it is embedded."""
        self._broker = wanted.slot.broker
        self._speaks = speaks and not wanted.slot.number and not wanted.leaves
        self._thread = thread
        # Whether it is noted; None: nobody has looked yet.
        self._is_noted: bool | None = None

    async def look(self, down_since: float | None) -> None:
        """Note what has changed; `down_since` in s since 1970, None: packets come in."""
        is_away = down_since is not None and time.time() - down_since > CUT_OFF_SECONDS
        is_waiting = down_since is not None and not is_away
        if not self._speaks or is_waiting or self._is_noted is is_away:
            return
        if bool(self._broker) or await self._thread.run(are_several):
            await self._thread.run(lambda: self._note(down_since))
        self._is_noted = is_away

    def _note(self, down_since: float | None) -> None:
        if down_since is None:
            statuses.join(self._broker)
        else:
            statuses.cut_off(self._broker, moment(round(down_since * 1e6)))
