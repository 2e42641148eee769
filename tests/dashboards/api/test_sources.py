"""Sources, their templates, and brokers by the API."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.access import token_digest
from devices.models import ApiToken, Broker, Source

pytestmark = pytest.mark.usefixtures("tables")
TEMPLATE = {"topic": "plant/{device}/{metric*}"}


@pytest.fixture
def boss() -> Client:
    user = get_user_model().objects.create_user("boss", is_superuser=True)
    ApiToken.objects.create(user=user, digest=token_digest("boss-token"))
    Source.objects.create(name="mine", convention="templates", options={"templates": []})
    return Client(headers={"Authorization": "Bearer boss-token"})


def send(client: Client, method: str, path: str, **body: Any) -> Any:
    ask = getattr(client, method)
    return ask(f"/api/v1/{path}", body, content_type="application/json")


def test_a_source_is_switched_off_and_on(boss: Client) -> None:
    assert {one["name"] for one in boss.get("/api/v1/sources").json()} >= {"mine", "native"}
    told = send(boss, "patch", "sources/native", enabled=False).json()
    assert (told["enabled"], told["convention"], told["broker"]) == (False, "native", None)
    assert boss.get("/api/v1/sources/native").json() == told
    assert not Source.objects.get(name="native").enabled


def test_templates_are_replaced_as_a_whole(boss: Client) -> None:
    told = send(boss, "put", "templates/mine", templates=[TEMPLATE])
    assert told.status_code == 200, told.content
    assert boss.get("/api/v1/templates").json() == [{"source": "mine", "templates": [TEMPLATE]}]
    assert boss.get("/api/v1/sources/mine").json()["options"] == {"templates": [TEMPLATE]}


@pytest.mark.parametrize(
    ("path", "method", "body", "words"),
    [
        ("templates/mine", "put", {"templates": [{"topic": "a/#/b"}]}, "last level"),
        ("templates/mine", "put", {"templates": [{"topic": "{x}", "colour": 1}]}, "colour"),
        ("templates/native", "put", {"templates": []}, "native"),
        ("sources/mine", "patch", {"options": {"colour": "red"}}, "colour"),
        ("brokers", "post", {"addresses": "http://x"}, "mqtt"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    boss: Client, path: str, method: str, body: dict[str, Any], words: str
) -> None:
    answer = send(boss, method, path, **body)
    assert answer.status_code == 422, answer.content
    assert words in answer.content.decode()
    assert Source.objects.get(name="mine").options == {"templates": []}


def test_there_is_no_other_source(boss: Client) -> None:
    assert boss.get("/api/v1/sources/none").status_code == 404


def test_a_broker_from_birth_to_end_and_its_secrets_are_never_told(boss: Client) -> None:
    address = "mqtt://user:s3cret@plant.example:1883"
    made = send(boss, "post", "brokers", addresses=address)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["username"], told["has_password"], told["enabled"], told["canary"]) == (
        *("user", True, False, False),
    )
    path = f"brokers/{told['name']}"
    changed = send(boss, "patch", path, enabled=True, canary=True, version="5", password="n3w")
    assert (changed.json()["enabled"], changed.json()["version"]) == (True, "5")
    listed = boss.get("/api/v1/brokers").content.decode()
    assert "s3cret" not in listed
    assert "n3w" not in listed
    assert boss.delete(f"/api/v1/{path}").status_code == 409
    send(boss, "patch", path, enabled=False)
    assert boss.delete(f"/api/v1/{path}").status_code == 204
    assert not Broker.objects.exists()
