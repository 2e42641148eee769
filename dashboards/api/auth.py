"""Who calls the API: the Django session, a bearer token, or, for live frames alone, a kiosk."""

from math import ceil
from typing import Any

from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer, SessionAuth

from dashboards.api.problems import Problem
from dashboards.live.identity import KIOSK_COOKIE
from dashboards.sharing import visitors
from dashboards.sharing.visitors import Visitor
from devices.access import Scope, kiosks, scope_of, throttle, user_of_token
from devices.models import Kiosk


class TokenAuth(HttpBearer):
    """`Authorization: Bearer <token>`, made by `manage.py create_token`."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Return the token's user, who becomes the request's user."""
        if visitors.is_grant(token):
            return None  # is read where it is good for something
        user = user_of_token(token)
        if user is not None:
            request.user = user  # type: ignore[assignment] # an active User
            return user
        address = throttle.address_of(request)
        if wait := throttle.wait_of("token", address):
            raise Problem(429, f"Too many wrong tokens came from here. Wait for {ceil(wait)} s.")
        throttle.failed("token", address)
        throttle.log("token", address)
        return None


class KioskAuth(APIKeyCookie):
    """The cookie of a screen that nobody is logged in on."""

    param_name = KIOSK_COOKIE

    def authenticate(self, request: HttpRequest, key: str | None) -> Kiosk | None:
        """Return the kiosk, unless somebody is logged in here."""
        return None if request.user.is_authenticated else kiosks.kiosk_of(key or "")


class LinkAuth(HttpBearer):
    """The grant of a page that a link opened, for what boards read."""

    def authenticate(self, request: HttpRequest, token: str) -> Visitor | None:  # noqa: ARG002 - ninja's
        """Return who looks at a board by a link."""
        return visitors.visitor(token) if visitors.is_grant(token) else None


AUTHENTICATION = [TokenAuth(), SessionAuth()]
# Of calls that pages ask for what is on a board. A grant comes first: whose session it is
# besides must not show more.
READERS = [LinkAuth(), *AUTHENTICATION]


def require(request: HttpRequest, permission: str) -> None:
    """Let only those go on who have one of Django's permissions, as in admin.

    Raises:
        Problem: they have not.
    """
    if not request.user.has_perm(permission):
        raise Problem(403, f"This needs the permission {permission}.")


def scope(request: HttpRequest) -> Scope:
    """Return what the caller may see."""
    caller = getattr(request, "auth", None)
    if isinstance(caller, Visitor):
        return caller.scope
    return kiosks.scope_of_kiosk(caller) if isinstance(caller, Kiosk) else scope_of(request.user)
