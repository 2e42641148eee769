"""What the protocol needs from outside; the shell implements it, tests have their own."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from mqtt_ingest.embedded_broker.protocol.packets import Publish


class Peer(NamedTuple):
    """Who is at the other end of a connection."""

    address: str
    # On this machine, and not by way of a browser.
    is_local: bool = False


class Credentials(NamedTuple):
    """What a client shows of itself."""

    peer: Peer
    client_id: str
    username: str | None
    password: bytes | None


class Identity(NamedTuple):
    """Who somebody was found to be. Sessions belong to a name."""

    name: str


class Access(Protocol):
    """The one place that decides who may do what."""

    def authenticate(self, shown: Credentials, answer: Callable[[Identity | None], None]) -> None:
        """Call `answer`, now or later, with who it is; None: nobody that is let in."""
        ...

    def may_publish(self, identity: Identity, topic: str, /) -> bool:
        """Return whether somebody may publish to `topic`."""
        ...

    def may_subscribe(self, identity: Identity, topic_filter: str, /) -> bool:
        """Return whether somebody may subscribe to `topic_filter`, written without a group."""
        ...


class Intake(Protocol):
    """Where published messages are stored before they are acknowledged."""

    @property
    def is_full(self) -> bool:
        """Return whether no more may be taken in for now; `Server.go_on` is called then."""
        ...

    def take(self, publish: Publish, client_id: str, committed: Callable[[], None]) -> None:
        """Store a message, and call `committed`, now or later."""
        ...
