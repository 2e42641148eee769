"""Addresses of a broker as people write them: one URL, or several that are tried in turn."""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from devices.addresses import in_url, is_address

# Scheme -> the port that is meant where none is named.
PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
# What most brokers serve over WebSocket.
PATH = "/mqtt"
EXAMPLE = "mqtt://192.168.1.10:1883"


class BadAddress(ValueError):
    """Says what is wrong with an address, and how it is written."""

    def __init__(self, words: str, **details: object) -> None:
        """Take the words in English, to be filled with `details`: settings have no language yet."""
        super().__init__(words % details)
        self._words, self._details = words, details

    @property
    def translated(self) -> str:
        """Return the words for whoever looks at a page."""
        return gettext(self._words) % self._details


class Addresses(NamedTuple):
    """Where a broker is reached, and as whom.

    Args:
        scheme: mqtt, mqtts, ws or wss, of all of them.
        hosts: (host, port), in the order in which they are tried.
        path: of the URL, over WebSocket.
        username: None: the addresses name nobody.
        password: None: they have none.
    """

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    path: str = PATH
    username: str | None = None
    password: str | None = None

    @property
    def tls(self) -> bool:
        """Return whether it is reached over TLS."""
        return self.scheme in {"mqtts", "wss"}

    @property
    def is_websocket(self) -> bool:
        """Return whether it is reached over WebSocket."""
        return self.scheme in {"ws", "wss"}

    @property
    def text(self) -> str:
        """Return them as people may read them: without user and password."""
        path = self.path if self.is_websocket else ""
        return " ".join(f"{self.scheme}://{in_url(host)}:{port}{path}" for host, port in self.hosts)


def uses_embedded() -> bool:
    """Return whether the broker of the settings is the embedded one."""
    return bool(settings.STANDALONE and not settings.MQTT_URL_GIVEN)


def parse(text: str) -> Addresses:
    """Return the addresses in `text`, which blanks part.

    A name without a scheme is one of `mqtt://`.

    Raises:
        BadAddress: one of them is none, or they do not belong together.
    """
    found = [_parse_one(one if "://" in one else f"mqtt://{one}") for one in text.split()]
    if not found:
        raise BadAddress(
            gettext_noop("Write the broker's address, for example %(example)s."), example=EXAMPLE
        )
    first = found[0]
    if any((one.scheme, one.path) != (first.scheme, first.path) for one in found):
        raise BadAddress(gettext_noop("Addresses of one broker begin alike, and have one path."))
    people = {(one.username, one.password) for one in found if one.username is not None}
    if len(people) > 1:
        raise BadAddress(gettext_noop("Addresses of one broker have one user and password."))
    username, password = next(iter(people), (None, None))
    hosts = tuple(dict.fromkeys(host for one in found for host in one.hosts))
    return first._replace(hosts=hosts, username=username, password=password)


def _parse_one(url: str) -> Addresses:
    signs = misread(url)
    if signs:
        raise BadAddress(
            gettext_noop("User and password are percent-encoded: write %(signs)s."), signs=signs
        )
    scheme = url.partition("://")[0].lower()
    host = url.partition("://")[2].rpartition("@")[2].partition("/")[0]
    if host.count(":") > 1 and "[" not in host:
        raise BadAddress(
            gettext_noop("An address of IPv6 stands in brackets, as in mqtt://[::1]:1883.")
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress(gettext_noop("This is no address: %(why)s."), why=error) from error
    if scheme not in PORTS or not parts.hostname or port == 0:
        raise BadAddress(
            gettext_noop("It begins with %(schemes)s and names a host, for example %(example)s."),
            schemes=", ".join(f"{name}://" for name in PORTS),
            example=EXAMPLE,
        )
    host = unquote(parts.hostname)
    # What is told is read again: nothing of a host may mean something else then.
    if not is_address(host):
        raise BadAddress(gettext_noop("%(host)s is no name of a host."), host=repr(host))
    if any(ord(one) < 32 for one in unquote(parts.username or "")):
        raise BadAddress(gettext_noop("A user has no control characters."))
    has_path = scheme in {"ws", "wss"}
    if not has_path and parts.path.strip("/"):
        raise BadAddress(gettext_noop("An address of %(scheme)s:// has no path."), scheme=scheme)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Addresses(
        scheme,
        ((host, port or PORTS[scheme]),),
        target if has_path and parts.path.strip("/") else PATH,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


def misread(url: str) -> str:
    """Return which characters of its user or password mean something else, and as what to write.

    "" where there are none.
    """
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    rest = url.partition("://")[2][len(authority) :]
    path, _mark, query = rest.partition("?")
    # What follows a host's port may hold an @ of its own: options of a database.
    is_host = "@" in authority or authority.rpartition(":")[2].isdecimal() or ":" not in authority
    is_cut = "@" in path or ("@" in query and not is_host)
    inside = (authority + rest).rpartition("@")[0] if is_cut else authority.rpartition("@")[0]
    found = {sign for sign in "/?#[]" if sign in inside}
    if re.search(r"%(?![0-9A-Fa-f]{2})", inside):
        found.add("%")
    return ", ".join(f"{sign} as {quote(sign, safe='')}" for sign in sorted(found))
