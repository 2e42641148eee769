"""Whether it is our clock that is wrong: what accepted devices agree on.

Device times ahead of "now" are not believed. A server whose clock has fallen behind would so
refuse every right time. While at least `LEAST` accepted devices, and two thirds of those that
were heard, are ahead by the same, "now" is theirs.

How far ahead that is decides which times are believed, and what pages show; never what is too old
to be stored: that goes by our clock.

Behind us nobody is: what looks like it is a backlog on its way.
"""

from collections import OrderedDict
from statistics import median_low

from mqtt_ingest.core.limits import MAX_AHEAD, MICROSECONDS

LEAST = 3
# In µs: clocks this close to each other agree; who was not heard for so long has no say.
CLOSE = 300 * MICROSECONDS
RECENT = 2 * 3_600 * MICROSECONDS
# No server was off for longer; and by no more can those who lie move what pages call "now".
MOST = 5 * 366 * 86_400 * MICROSECONDS
# Devices that are asked. Once that many have been heard, each so manyeth message is: a prime,
# so that no round of devices leaves the same ones out each time.
VOTERS, EVERY = 200, 7


class DeviceClocks:
    """What devices say the time is. `ahead` is by how much (µs) they agree to be ahead of us."""

    def __init__(self) -> None:
        self.ahead = 0
        # Device -> (its time minus ours in µs, our time in µs, whether it said the same before)
        self._votes: OrderedDict[tuple[str, str], tuple[int, int, bool]] = OrderedDict()
        self._passed = 0

    def wants(self) -> bool:
        """Return whether the next message is to be heard; asked once for each."""
        self._passed += 1
        return len(self._votes) < VOTERS or not self._passed % EVERY

    def hear(self, device: tuple[str, str], difference: int, now: int) -> None:
        """Note that the clock of `device` differs from ours by `difference` µs at `now`."""
        before = self._votes.pop(device, None)
        known = before is not None and abs(before[0] - difference) <= CLOSE
        # Who agrees with us needs no second vote: our clock may just have been set.
        is_steady = before is None or known or abs(difference) <= MAX_AHEAD
        self._votes[device] = (difference, now, is_steady)
        if len(self._votes) > VOTERS:
            self._votes.popitem(last=False)
        # Most are right, or as wrong as they were.
        is_odd = self.ahead or difference > MAX_AHEAD
        if is_odd and not (known and abs(difference - self.ahead) <= CLOSE):
            self.ahead = self._agreed(now)

    def _agreed(self, now: int) -> int:
        # Who says now this, now that, is perhaps two who use one name: they have no say.
        said = [
            difference
            for difference, at, is_steady in self._votes.values()
            if is_steady and 0 <= now - at <= RECENT
        ]
        if len(said) < LEAST:
            return self.ahead  # as it was known before this process began
        middle = median_low(said)
        close = sum(abs(difference - middle) <= CLOSE for difference in said)
        is_agreed = close >= LEAST and close * 3 >= len(said) * 2
        return middle if is_agreed and MAX_AHEAD < middle <= MOST else 0
