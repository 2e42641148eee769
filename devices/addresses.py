"""Addresses of machines, IPv6 among them: as settings name them, and as they stand in a URL."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def in_url(host: str) -> str:
    """Return `host` as it stands in a URL: an IPv6 address in brackets, its zone encoded."""
    return f"[{host.replace('%', '%25')}]" if ":" in host else host


def is_anywhere(bind: str) -> bool:
    """Return whether `bind` listens on every address."""
    return bind in _ANYWHERE


def from_here(bind: str) -> str:
    """Return by which address this machine reaches what listens on `bind`."""
    return _ANYWHERE.get(bind, bind)


def is_address(host: str) -> bool:
    """Return whether `host` is an IP address (with a zone, if need be) or may be a name."""
    try:
        ip_address(host)
    except ValueError:
        parts = host.rstrip(".").split(".")
        is_name = all(p and p.replace("-", "").replace("_", "").isalnum() for p in parts)
        return is_name and not all(part.isdecimal() for part in parts)
    return True


def counted_as(address: str) -> str:
    """Return what connections from `address` are counted by.

    Of IPv6 that is the network of 64 bits: whoever has one has all of its addresses. An IPv4
    address that is mapped into IPv6 is itself.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False))


def client_of(forwarded: str, peer: str) -> str:
    """Return what a client is counted by: where a trusted proxy has seen it, else where it is.

    Args:
        forwarded: the header X-Forwarded-For; the last of it is what our own proxy has seen.
        peer: whoever the connection is with.
    """
    told = forwarded.rpartition(",")[2].strip() if settings.TRUSTED_PROXY else ""
    return counted_as(told or peer)


def client_of_scope(scope: Mapping[str, Any], unknown: str = "") -> str:
    """Return what the client of an ASGI scope is counted by; `unknown`: where no peer is told."""
    forwarded = dict(scope.get("headers", ())).get(b"x-forwarded-for", b"").decode("latin-1")
    return client_of(forwarded, str((scope.get("client") or (unknown,))[0]))


def is_loopback(address: str) -> bool:
    """Return whether `address` is this machine's own, also as IPv6 maps it; or its usual name."""
    if address == "localhost":
        return True
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback


def origin_of(text: str) -> str:
    """Return an origin, `https://plant.example:8443`, as browsers write it.

    Raises:
        ValueError: `text` is none. Nothing of one can end a directive of a security policy.
    """
    scheme, found, host = text.strip().lower().rstrip("/").partition("://")
    name, colon, port = host.partition(":")
    is_name = name.replace("-", "").replace(".", "").isalnum() and name.isascii()
    is_port = not colon or (port.isdecimal() and port.isascii() and int(port) < 65_536)
    if not (found and scheme in {"http", "https"} and is_name and is_port and len(host) <= 260):
        raise ValueError(f"{text[:100]!r} is no origin; an example: https://intranet.example")
    return f"{scheme}://{host}"
