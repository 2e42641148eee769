"""A form that is refused says what its site's operator can do, within our own CSP."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = pytest.mark.usefixtures("tables")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Origin": "https://plant.example"}, "TRUSTED_PROXY=1"),
        ({"Origin": "http://plant.example:8080"}, "CSRF_TRUSTED_ORIGINS=http://plant.example:8080"),
        ({}, "was open for too long"),
    ],
)
def test_a_form_that_is_refused_says_why(headers: dict[str, str], words: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": "a", "password": "b"}, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert words in page
    assert "<style" not in page
    assert " style=" not in page


def test_an_origin_is_escaped() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {}, headers={"Origin": "http://<script>alert(1)</script>"})
    assert b"<script>alert" not in answer.content


def test_what_a_role_does_not_include_is_told_on_a_page_of_ours() -> None:
    user = get_user_model().objects.create_user("viewer")
    client = Client()
    client.force_login(user)
    answer = client.get("/import")
    assert answer.status_code == 403
    assert "Your role does not allow this" in answer.content.decode()
