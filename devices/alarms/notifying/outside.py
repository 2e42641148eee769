"""Requests to addresses that people write: never into networks of our own, never further.

A name is resolved once, and the address that was looked at is the one that is connected to.
Redirects are not followed: they are an answer like others.
"""

import http.client
import socket
import ssl
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext

from devices.alarms.notifying.errors import NotSent

SECONDS = 10.0
# Of an answer: enough to say what is wrong.
ANSWER = 4_096


def check(url: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port and path of a webhook.

    Raises:
        NotSent: it is none.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotSent(gettext("This is no address: %s") % error) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise NotSent(gettext("An address begins with https:// and names no user."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if any(ord(sign) <= 32 or ord(sign) > 126 for sign in path + parts.hostname):
        raise NotSent(gettext("An address has no blanks and no letters beyond ASCII."))
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), path


def is_outside(address: str) -> bool:
    """Return whether an IP address is one of the internet's, or of a network that is allowed."""
    found = ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    if any(found in ip_network(one) for one in settings.NOTIFY_NETWORKS):
        return True
    return found.is_global and not found.is_multicast


def _address(host: str, port: int) -> str:
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotSent(gettext("%s is not known.") % host) from error
    addresses = [str(one[4][0]) for one in known]
    inside = [address for address in addresses if not is_outside(address)]
    if inside:
        words = gettext("%(host)s is %(address)s, inside a network of ours: see NOTIFY_NETWORKS.")
        raise NotSent(words % {"host": host, "address": inside[0]})
    return addresses[0]


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send a POST and return its status, which is 2xx.

    Raises:
        NotSent: it was not taken.
    """
    scheme, host, port, path = check(url)
    address = _address(host, port)
    try:
        connection = _connection(scheme, host, port, address)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            said = answer.read(ANSWER)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise NotSent(str(error) or type(error).__name__) from error
    if not 200 <= answer.status < 300:
        words = gettext("It answered %(status)s: %(said)s")
        text = " ".join(said.decode(errors="replace").split())[:200]
        raise NotSent(words % {"status": answer.status, "said": text})
    return answer.status


def _connection(scheme: str, host: str, port: int, address: str) -> http.client.HTTPConnection:
    """Return a connection to `address`, that was looked at, in the name of `host`."""
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    connected = socket.create_connection((address, port), SECONDS)
    if scheme == "https":
        context = ssl.create_default_context()
        connected = context.wrap_socket(connected, server_hostname=host)
    connection.sock = connected
    return connection
