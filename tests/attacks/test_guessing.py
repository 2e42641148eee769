"""Somebody guesses passwords, codes and tokens."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.access import kiosks, throttle, token_digest
from devices.models import ApiToken, Kiosk, Site

pytestmark = pytest.mark.usefixtures("tables")
WRONG = {"username": "vera", "password": "guess"}
RIGHT = {"username": "vera", "password": "secret-123"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def _vera(tables: None, settings: object) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]
    users = get_user_model().objects
    users.create_superuser("vera", password="secret-123")
    users.create_user("paul", password="secret-123")


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_whoever_guesses_passwords_has_to_wait(
    path: str, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    client = Client()
    for _turn in range(throttle.FREE["login"]):
        assert "Too many tries" not in client.post(path, WRONG).content.decode()
    # Now the right one is not looked at either.
    refused = client.post(path, RIGHT)
    assert "Too many tries. Wait for 1 second." in refused.content.decode()
    assert refused.status_code == (429 if path == "/login/" else 200)
    assert "A login for 'vera' was refused, from '127.0.0.1'" in caplog.text
    clock[0] += 2
    assert client.post(path, RIGHT).status_code == 302


def test_an_hour_of_guessing_is_about_a_hundred_tries(clock: list[float]) -> None:
    tries, until = 0, clock[0] + 3_600
    while clock[0] < until:
        wait = throttle.wait_of("login", "127.0.0.1", "vera")
        if wait:
            clock[0] += wait
            continue
        throttle.failed("login", "127.0.0.1", "vera")
        tries += 1
    assert throttle.FREE["login"] < tries < 100
    clock[0] += 3_600
    assert throttle.wait_of("login", "127.0.0.1", "vera") == 0


def test_nobody_is_locked_out_by_somebody_elsewhere(clock: list[float]) -> None:
    for _turn in range(50):
        Client(REMOTE_ADDR="203.0.113.9").post("/login/", WRONG)
    assert Client(REMOTE_ADDR="192.0.2.1").post("/login/", RIGHT).status_code == 302


def test_many_accounts_from_one_address_are_one_guesser(clock: list[float]) -> None:
    client = Client()
    for turn in range(throttle.FREE_OF_ADDRESS):
        client.post("/login/", {"username": f"user{turn}", "password": "x"})
    assert client.post("/login/", RIGHT).status_code == 429


def test_behind_a_proxy_the_address_is_the_one_that_it_saw(
    clock: list[float], settings: object
) -> None:
    settings.TRUSTED_PROXY = True  # type: ignore[attr-defined]
    for turn in range(throttle.FREE["login"]):
        # What the client itself claims stands before.
        forwarded = f"10.9.8.{turn}, 203.0.113.9"
        Client(headers={"X-Forwarded-For": forwarded}).post("/login/", WRONG)
    refused = Client(headers={"X-Forwarded-For": "203.0.113.9"}).post("/login/", RIGHT)
    assert refused.status_code == 429


def test_names_are_cut_before_they_are_counted_or_logged(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    for turn in range(8):
        name = f"{turn}\n2026-01-01 INFO forged " + "x" * 100_000
        Client().post("/login/", {"username": name, "password": "x"})
    assert all(len(record.getMessage()) < 400 for record in caplog.records)
    assert "\n2026-01-01" not in caplog.text
    assert sum(len(str(key)) for key in throttle._failures) < 10_000


def test_codes_of_screens_cannot_be_tried_out(clock: list[float]) -> None:
    kiosk = Kiosk.objects.create(name="Door", site=Site.objects.create(slug="s", name="S"))
    code = kiosks.new_code(kiosk)
    for turn in range(throttle.FREE["code"]):
        assert Client().get(f"/kiosk/wrong{turn}/").status_code == 403
    assert Client().get(f"/kiosk/{code}/").status_code == 403
    clock[0] += 60
    assert Client().get(f"/kiosk/{code}/").status_code == 200


def test_wrong_tokens_are_refused_and_right_ones_go_on(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    digest = token_digest("right")
    ApiToken.objects.create(user=get_user_model().objects.get(username="vera"), digest=digest)
    ask = {"path": "/api/v1/devices"}
    for turn in range(throttle.FREE["token"]):
        answer = Client().get(**ask, headers={"Authorization": f"Bearer wrong{turn}"})
        assert answer.status_code == 401
    refused = Client().get(**ask, headers={"Authorization": "Bearer wrong"})
    assert refused.status_code == 429
    assert "Too many wrong tokens" in refused.json()["detail"]
    assert "wrong1" not in caplog.text
    assert Client().get(**ask, headers={"Authorization": "Bearer right"}).status_code == 200


def test_many_at_once_are_not_all_looked_at(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try is counted before it is looked at."""
    looked: list[str] = []

    def slow(_request: object = None, **given: str) -> None:
        looked.append(given["username"])
        # While this one is looked at, the others come.
        if len(looked) == 1:
            for _turn in range(20):
                Client().post("/login/", WRONG)

    monkeypatch.setattr(
        "django.contrib.auth.forms.authenticate", lambda _request, **given: slow(**given)
    )
    Client().post("/login/", WRONG)
    assert len(looked) == throttle.FREE["login"]
