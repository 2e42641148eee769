"""Who may connect, publish and subscribe: the one place that decides.

For now whoever knows the password may everything, and so may programs of this machine.
"""

import hmac
from collections.abc import Callable

from mqtt_ingest.embedded_broker.protocol.rim import Credentials, Identity

ANYBODY = Identity("anybody")
# A wrong password is answered after so long.
WRONG_SECONDS = 1.5


class PasswordAccess:
    """An Access (`protocol.rim`) by one password for all; any user name."""

    def __init__(
        self,
        password: str,
        later: Callable[[float, Callable[[], None]], object] = lambda _seconds, do: do(),
    ) -> None:
        """Ask for `password`; without one, only programs of this machine are let in.

        Args:
            password: of all.
            later: does something after so many seconds; by default at once.
        """
        self._password = password.encode()
        self._later = later

    def authenticate(self, shown: Credentials, answer: Callable[[Identity | None], None]) -> None:
        """Let in who is on this machine, or knows the password."""
        # Compared in any case: how long it takes says nothing.
        is_right = hmac.compare_digest(shown.password or b"", self._password)
        is_known = bool(self._password) and is_right
        if shown.peer.is_local or is_known:
            answer(ANYBODY)
        else:
            # So many connections of an address may be unknown: that is how fast it can guess.
            self._later(WRONG_SECONDS, lambda: answer(None))

    def may_publish(self, _identity: Identity, topic: str) -> bool:
        """Allow every topic but those that are the server's own."""
        return not topic.startswith("$SYS/")

    def may_subscribe(self, _identity: Identity, _topic_filter: str) -> bool:
        """Allow every filter."""
        return True
