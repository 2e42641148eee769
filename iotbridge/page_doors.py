"""How many connections to the pages' port there may be: descriptors are needed for more than these.

A connection that says nothing is the first to go when there is no room for another one: who
opens a thousand of them keeps nobody out but themselves.
"""

import resource
from typing import Any
from weakref import WeakSet

import daphne.server
from daphne.http_protocol import HTTPFactory
from django.conf import settings

# Descriptors for databases, Redis, files, and in `standalone` the broker's part of them.
KEPT = 200
# A head of a request takes no longer; once one was read, idle connections stay as ever (s).
HEAD_SECONDS, IDLE_SECONDS = 15.0, 60.0


def room() -> int:
    """Return how many connections there may be."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(32, soft // 4 if settings.STANDALONE else soft - KEPT)


class PageDoors:
    """Connections that are open, and those that nothing is being answered on.

    The latter go first where there is no room: who never sent a request, then who has rested
    for longest since.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: WeakSet[Any] = WeakSet()
        self._silent: dict[Any, None] = {}
        self._resting: dict[Any, None] = {}

    def enter(self, transport: Any) -> None:
        """Let a connection in; one that has been silent, or at rest, for longest goes for it."""
        if len(self._open) >= self._most:
            # A WebSocket has left the channel that would tell.
            for gone in [one for one in self._open if not getattr(one, "connected", True)]:
                self.leave(gone)
        if len(self._open) >= self._most:
            oldest = next(iter(self._silent), None) or next(iter(self._resting), transport)
            self.leave(oldest)
            oldest.abortConnection()
            if oldest is transport:
                return
        self._open.add(transport)
        self._silent[transport] = None

    def spoke(self, transport: Any) -> None:
        """Note that a whole head of a request has come."""
        self._silent.pop(transport, None)
        self._resting.pop(transport, None)

    def rests(self, transport: Any) -> None:
        """Note that a request was answered, and nothing else is asked for."""
        if transport in self._open:
            self._resting.pop(transport, None)
            self._resting[transport] = None

    def leave(self, transport: Any) -> None:
        """Note that a connection is gone."""
        self._silent.pop(transport, None)
        self._resting.pop(transport, None)
        self._open.discard(transport)


class DooredFactory(HTTPFactory):  # type: ignore[misc] # Daphne is not typed
    """Daphne's, with doors."""

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = HEAD_SECONDS
        self.doors = PageDoors(room())

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's
        """Count what is connected."""
        protocol = super().buildProtocol(addr)
        connect, lose = protocol.makeConnection, protocol.connectionLost
        transports: list[Any] = []

        def connected(transport: Any) -> None:
            transports.append(transport)
            self.doors.enter(transport)
            connect(transport)

        def lost(reason: Any) -> None:
            while transports:
                self.doors.leave(transports.pop())
            lose(reason)

        protocol.makeConnection, protocol.connectionLost = connected, lost
        return protocol


def head_came(request: Any) -> None:
    """Note that the head of `request` is whole."""
    channel = request.channel
    channel.timeOut = IDLE_SECONDS
    doors = getattr(channel.factory, "doors", None)
    if doors is not None:
        transport = channel.transport
        doors.spoke(transport)
        # Also where the connection broke: then it is not there any more.
        request.notifyFinish().addBoth(lambda _result: doors.rests(transport))


def install() -> None:
    """Have Daphne's server make its connections so."""
    daphne.server.HTTPFactory = DooredFactory
