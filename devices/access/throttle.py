"""Guessing takes long: failed logins, codes and tokens are counted, and slowed down.

Counted in each web process, by the address that they come from and, for logins, by the
account together with the address: so nobody can lock somebody else out from elsewhere.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from django.http import HttpRequest

from devices.addresses import client_of

logger = logging.getLogger(__name__)

What = Literal["login", "code", "token", "link", "test"]
# So many failures are free; then each costs a wait. Tests of who is told of alarms are counted
# as well.
FREE = {"login": 5, "code": 10, "token": 30, "link": 5, "test": 10}
# Of all accounts from one address, where an office may sit behind one.
FREE_OF_ADDRESS = 30
# A failure is forgotten after so long, and a wait is no longer (s).
FORGET_SECONDS, LONGEST_WAIT = 60.0, 300.0
# Names and addresses that are counted at a time.
COUNTED = 20_000


@dataclass(slots=True)
class _Failures:
    number: float = 0.0
    at: float = 0.0

    def now(self, now: float) -> float:
        """Return how many there are, as some are forgotten meanwhile."""
        return max(0.0, self.number - (now - self.at) / FORGET_SECONDS)


_lock = Lock()
_failures: OrderedDict[Hashable, _Failures] = OrderedDict()


def address_of(request: HttpRequest) -> str:
    """Return where a request comes from: a proxy that is trusted says it; of IPv6 the network."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return client_of(forwarded, str(request.META.get("REMOTE_ADDR", "")))


def wait_of(what: What, address: str, account: str = "") -> float:
    """Return for how many seconds nothing more of this kind is looked at from there."""
    now = time.monotonic()
    counted = [((what, address, account), FREE[what])]
    if account:
        counted.append(((what, address, ""), FREE_OF_ADDRESS))
    waits: list[float] = [_wait(_failures.get(key), free, now) for key, free in counted]
    return max(waits)


def _wait(found: _Failures | None, free: int, now: float) -> float:
    if found is None or found.now(now) < free:
        return 0.0
    wait = min(2.0 ** min(found.number - free, 16.0), LONGEST_WAIT) - (now - found.at)
    return wait if wait > 0.001 else 0.0  # what is left of it by rounding


def failed(what: What, address: str, account: str = "") -> None:
    """Count a failure; it may be taken back (`succeeded`)."""
    now = time.monotonic()
    with _lock:
        for key in {(what, address, account), (what, address, "")}:
            found = _failures.setdefault(key, _Failures())
            found.number, found.at = found.now(now) + 1, now
            _failures.move_to_end(key)
        while len(_failures) > COUNTED:
            _failures.popitem(last=False)


def log(what: What, address: str, account: str = "") -> None:
    """Log that somebody was refused."""
    who = f" for {account[:100]!r}" if account else ""
    logger.warning("A %s%s was refused, from %r", what, who, address[:100])


def succeeded(what: What, address: str, account: str) -> None:
    """Forget what an account has failed from there."""
    with _lock:
        _failures.pop((what, address, account), None)
        of_address = _failures.get((what, address, ""))
        if of_address is not None:
            of_address.number = max(0.0, of_address.number - 1)
