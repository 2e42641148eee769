"""Who calls the API: the Django session, or a bearer token."""

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer, SessionAuth

from devices.access import Scope, scope_of, user_of_token


class TokenAuth(HttpBearer):
    """`Authorization: Bearer <token>`, made by `manage.py create_token`."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Return the token's user, who becomes the request's user."""
        user = user_of_token(token)
        if user is not None:
            request.user = user  # type: ignore[assignment] # an active User
        return user


AUTHENTICATION = [TokenAuth(), SessionAuth()]


def scope(request: HttpRequest) -> Scope:
    """Return what the caller may see."""
    return scope_of(request.user)
