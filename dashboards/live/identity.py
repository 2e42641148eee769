"""Who is at the other end of a socket, and what they may see as long as it lasts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.contrib.sessions.backends.base import SessionBase

from dashboards.live.frames import KINDS, Kind
from dashboards.presentation.jobs import jobs_of
from dashboards.sharing import visitors
from devices.access import Scope, scope_of, user_of_session, user_of_token
from devices.access.kiosks import kiosk_of, scope_of_kiosk

KIOSK_COOKIE = "iotbridge_kiosk"
# What a wall page shows, which is all that its cookie is good for.
SHOWN_BY_KIOSKS: frozenset[Kind] = frozenset({"fleet"})
# What boards show, of which a link gives what one of them does.
SHOWN_BY_LINKS: frozenset[Kind] = frozenset({"series", "latest"})
# Of the address of a page's socket that has a grant to show: whose session it is, if anybody's,
# does not matter.
BY_LINK = b"by=link"


class Identity(Protocol):
    """Asked on database threads."""

    @property
    def key(self) -> str:
        """Return what their sockets are counted by."""
        ...

    @property
    def user(self) -> Any:
        """Return the person; None where it is none."""
        ...

    def scope_now(self) -> Scope | None:
        """Return what they may see now; None where they are nobody any more."""
        ...

    def jobs(self) -> list[dict[str, Any]]:
        """Return the jobs that they may see."""
        ...

    @property
    def kinds(self) -> Collection[Kind]:
        """Return which kinds of subscriptions they may have."""
        ...


@dataclass(slots=True)
class Person:
    """A session of Django's; `user` is as they were read last, with what they were then."""

    user: Any
    session: SessionBase

    @property
    def key(self) -> str:
        return f"user {self.user.pk}"

    def scope_now(self) -> Scope | None:
        user = user_of_session(self.session.session_key)
        if user is None or user.pk != self.user.pk:
            return None
        self.user = user
        return scope_of(user)

    def jobs(self) -> list[dict[str, Any]]:
        return jobs_of(self.user)

    @property
    def kinds(self) -> Collection[Kind]:
        return KINDS


@dataclass(slots=True)
class Program:
    """A bearer of an API token; `user` is as they were read last."""

    token: str
    user: Any

    @property
    def key(self) -> str:
        return f"user {self.user.pk}"

    def scope_now(self) -> Scope | None:
        user = user_of_token(self.token)
        if user is None:
            return None
        self.user = user
        return scope_of(user)

    def jobs(self) -> list[dict[str, Any]]:
        return jobs_of(self.user)

    @property
    def kinds(self) -> Collection[Kind]:
        return KINDS


@dataclass(frozen=True, slots=True)
class Screen:
    """A kiosk, by the secret in its cookie."""

    secret: str
    pk: int
    user: None = None

    @property
    def key(self) -> str:
        return f"kiosk {self.pk}"

    def scope_now(self) -> Scope | None:
        kiosk = kiosk_of(self.secret)
        return None if kiosk is None else scope_of_kiosk(kiosk)

    def jobs(self) -> list[dict[str, Any]]:
        return []

    @property
    def kinds(self) -> Collection[Kind]:
        return SHOWN_BY_KIOSKS


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who looks at a board by a link, from an address: others have it, too."""

    grant: str
    pk: int
    address: str = ""
    user: None = None

    @property
    def key(self) -> str:
        return f"link {self.pk} {self.address}"

    def scope_now(self) -> Scope | None:
        found = visitors.visitor(self.grant)
        return None if found is None else found.scope

    def jobs(self) -> list[dict[str, Any]]:
        return []

    @property
    def kinds(self) -> Collection[Kind]:
        return SHOWN_BY_LINKS


def of_page(scope: Mapping[str, Any]) -> Identity | None:
    """Return who opened the socket of a page; None where that is not known yet.

    Args:
        scope: of ASGI, with `user` and `session`, and `cookies`, for pages of allowed origins.
    """
    if scope.get("query_string") == BY_LINK:
        return None
    user = scope.get("user")
    if user is not None and user.is_authenticated:
        return Person(user, scope["session"])
    secret = scope.get("cookies", {}).get(KIOSK_COOKIE, "")
    kiosk = kiosk_of(secret) if secret else None
    return None if kiosk is None else Screen(secret, kiosk.pk)


def of_token(token: str, address: str = "") -> Identity | None:
    """Return the program that shows `token`, or the visitor whose grant it is; None: nobody.

    Args:
        token: what the socket shows.
        address: where it comes from.
    """
    if visitors.is_grant(token):
        found = visitors.visitor(token)
        return None if found is None else Visitor(token, found.link.pk, address)
    user = user_of_token(token)
    return None if user is None else Program(token, user)
