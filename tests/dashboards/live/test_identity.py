"""Who is at the other end of a socket, as long as it lasts."""

from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore

from dashboards.live.identity import Person, Program
from devices.access import token_digest
from devices.jobs import requests
from devices.models import ApiToken

pytestmark = pytest.mark.usefixtures("tables")


def person(user: Any) -> Person:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return Person(user, session)


def program(user: Any) -> Program:
    ApiToken.objects.create(user=user, digest=token_digest("t"))
    return Program("t", user)


@pytest.mark.parametrize("made", [person, program])
def test_what_was_taken_from_somebody_is_gone_on_their_open_socket(made: Any) -> None:
    root = get_user_model().objects.create_superuser("root")
    other = get_user_model().objects.create_user("other")
    requests.ask("export", "theirs", {}, other)
    known = made(root)
    assert [job["title"] for job in known.jobs()] == ["theirs"]
    get_user_model().objects.filter(pk=root.pk).update(is_superuser=False, is_staff=False)
    scope = known.scope_now()
    assert scope is not None
    assert not scope.everything
    assert known.jobs() == []
    assert not known.user.is_superuser
    get_user_model().objects.filter(pk=root.pk).update(is_active=False)
    assert known.scope_now() is None
