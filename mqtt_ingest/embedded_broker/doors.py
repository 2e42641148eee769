"""Who is let in: connections are counted before anything is read from them.

Descriptors belong to pages, too; and those that have not said who they are have a few seconds.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from devices.addresses import counted_as, is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """How many connections there may be."""

    connections: int
    # That have not said who they are: in all, and of an address other than this machine's.
    unknown: int = 512
    unknown_of_address: int = 64
    of_address: int = 2_000


class Doors:
    """Counts connections, and lets in as many as may be."""

    def __init__(self, admission: Admission, log: Callable[[str, str], None]) -> None:
        self._most = admission
        self._log = log
        self._all: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self.count = self.unknown = 0

    def enter(self, address: str) -> bool:
        """Count a connection from `address`; False: it is one too many."""
        most, is_local = self._most, is_loopback(address)
        given, address = address, counted_as(address)
        why = ""
        if self.count >= most.connections:
            why = f"there are {self.count} connections"
        elif self.unknown >= most.unknown:
            why = f"{self.unknown} connections have not said who they are"
        elif not is_local and self._unknown[address] >= most.unknown_of_address:
            why = f"{self._unknown[address]} of them have not said who they are"
        elif not is_local and self._all[address] >= most.of_address:
            why = f"it has {self._all[address]} connections"
        if why:
            self._log("door", f"refused a connection from {given}: {why}")
            return False
        self.count += 1
        self.unknown += 1
        self._all[address] += 1
        self._unknown[address] += 1
        return True

    def known(self, address: str) -> None:
        """Note that somebody has said who it is."""
        self.unknown -= 1
        self._less(self._unknown, counted_as(address))

    def leave(self, address: str, *, was_known: bool) -> None:
        """Note that a connection is gone."""
        self.count -= 1
        self._less(self._all, counted_as(address))
        if not was_known:
            self.known(address)

    @staticmethod
    def _less(counter: Counter[str], address: str) -> None:
        counter[address] -= 1
        if counter[address] <= 0:
            del counter[address]
