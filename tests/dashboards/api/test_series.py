"""Series by the API: how values are called, shown and bounded."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.access import token_digest
from devices.models import ApiToken, Device, Series

pytestmark = pytest.mark.usefixtures("tables")
PATH = "/api/v1/series/press-3/oil/temp"


@pytest.fixture
def boss() -> Client:
    user = get_user_model().objects.create_user("boss", is_superuser=True)
    ApiToken.objects.create(user=user, digest=token_digest("boss-token"))
    device = Device.objects.create(key="press-3")
    for metric in ("oil/temp", "rpm", "on"):
        Series.objects.create(device=device, metric=metric, unit="°C" if "oil" in metric else "")
    return Client(headers={"Authorization": "Bearer boss-token"})


def patch(client: Client, **change: Any) -> Any:
    return client.patch(PATH, change, content_type="application/json")


def test_pages_of_series_come_one_after_the_other(boss: Client) -> None:
    first = boss.get("/api/v1/series?device=press-3&limit=2").json()
    assert [one["key"] for one in first["items"]] == ["press-3/oil/temp", "press-3/rpm"]
    rest = boss.get(f"/api/v1/series?limit=2&after={first['after']}").json()
    assert ([one["metric"] for one in rest["items"]], rest["after"]) == (["on"], None)
    assert boss.get("/api/v1/series?device=none").json()["items"] == []


def test_how_a_series_is_shown_is_changed_and_emptied(boss: Client) -> None:
    told = patch(boss, label="Oil", shown_unit="°F", decimals=1, minimum=-5, hidden=True).json()
    assert (told["label"], told["shown_unit"], told["decimals"], told["hidden"]) == (
        *("Oil", "°F", 1, True),
    )
    assert boss.get(PATH).json() == told
    emptied = patch(boss, label=None, shown_unit=None, decimals=None, minimum=None).json()
    assert (emptied["label"], emptied["shown_unit"]) == ("", "")
    assert (emptied["decimals"], emptied["minimum"], emptied["hidden"]) == (None, None, True)
    assert not {"label", "decimals"} & set(Series.objects.get(metric="oil/temp").by_hand)


def test_a_unit_is_spelled_as_it_is_stored(boss: Client) -> None:
    assert patch(boss, unit="degF").json()["unit"] == "°F"


@pytest.mark.parametrize(
    ("change", "parameter", "words"),
    [
        ({"shown_unit": "kWh"}, "shown_unit", "°F, K"),
        ({"unit": "lux of mine", "shown_unit": "K"}, "shown_unit", "no other unit"),
        ({"decimals": 13}, "decimals", "12"),
        ({"minimum": "inf"}, "minimum", "finite"),
        ({"minimum": 5, "maximum": 5}, "minimum", "below the most"),
        ({"colour": "red"}, "colour", "no such field"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(
    boss: Client, change: dict[str, Any], parameter: str, words: str
) -> None:
    answer = patch(boss, **change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == parameter
    assert words in answer.json()["detail"] + answer.json()["errors"][0]["detail"]


def test_there_is_no_other_series(boss: Client) -> None:
    assert boss.get("/api/v1/series/press-3/none").status_code == 404
