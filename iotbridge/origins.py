"""Which pages may open sockets: our own, to the port.

Channels' validator compares host names alone: a page on another port of the same host, of
somebody else perhaps, would read the live socket with the visitor's cookie. Here it is as
with Django's forms: the origin is ours, or among CSRF_TRUSTED_ORIGINS.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
_PORTS = {"http": 80, "https": 443}


def from_own_pages(application: App) -> App:
    """Return `application` for pages of this site alone; programs send no Origin."""
    deny: Any = WebsocketDenier()

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if is_own(headers.get(b"origin"), headers.get(b"host", ""), is_tls=_is_tls(scope, headers)):
            await application(scope, receive, send)
        else:
            await deny(scope, receive, send)

    return app


def _is_tls(scope: dict[str, Any], headers: dict[bytes, str]) -> bool:
    if settings.TRUSTED_PROXY:
        return headers.get(b"x-forwarded-proto", "") == "https"
    return scope.get("scheme") in {"wss", "https"}


def is_own(origin: str | None, host: str, *, is_tls: bool) -> bool:
    """Return whether a page of `origin` may open a socket at `host`.

    Args:
        origin: the header; None where there is none.
        host: the header, with its port.
        is_tls: whether the socket is encrypted.
    """
    if origin is None:
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    scheme = "https" if is_tls else "http"
    return _is_allowed(host) and _place(origin) == _place(f"{scheme}://{host}")


def _is_allowed(host: str) -> bool:
    """Return whether ALLOWED_HOSTS has `host`: against names that are made to lead here."""
    request = HttpRequest()
    request.META = {"HTTP_HOST": host}
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def _place(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return parts.scheme, (parts.hostname or "").lower(), port
