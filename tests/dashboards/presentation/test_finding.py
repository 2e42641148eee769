"""The search finds what a person may see, and nothing else."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.models import Device, Membership, Series, Site

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def plant() -> None:
    for slug in ("north", "south"):
        site = Site.objects.create(slug=slug, name=f"Plant {slug}")
        for number in range(3):
            key = f"{slug}-press-{number}"
            device = Device.objects.create(key=key, site=site, name=f"Press {number}")
            Series.objects.create(device=device, metric="oil.temperature")
    Device.objects.filter(key="north-press-0").update(device_type="press & pump")


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


def hits(client: Client, text: str) -> list[tuple[str, str, str]]:
    found = client.get("/api/v1/search", {"q": text}).json()["hits"]
    return [(hit["kind"], hit["title"], hit["url"]) for hit in found]


def test_devices_are_found_by_key_and_name_those_that_begin_so_first(
    boss: Client, plant: None
) -> None:
    assert hits(boss, "south-p")[0] == ("device", "Press 0", "/devices/south-press-0/")
    assert ("device", "Press 2", "/devices/north-press-2/") in hits(boss, "press 2 north")
    assert len([one for one in hits(boss, "press") if one[0] == "device"]) == 6


def test_sites_types_metrics_and_pages_are_found(boss: Client, plant: None) -> None:
    assert ("site", "Plant north", "/boards/site/north/") in hits(boss, "plant nor")
    assert ("type", "press & pump", "/boards/type/?type=press+%26+pump") in hits(boss, "pump")
    assert ("page", "Status", "/status") in hits(boss, "health")
    metrics = [one for one in hits(boss, "oil") if one[0] == "metric"]
    assert metrics[0][2] == "/devices/north-press-0/#metric-oil.temperature"


def test_without_a_word_the_pages_are_told(boss: Client) -> None:
    assert {kind for kind, *_rest in hits(boss, " ")} == {"page"}


def test_what_one_may_not_see_is_not_found(plant: None) -> None:
    user = get_user_model().objects.create_user("vera")
    Membership.objects.create(user=user, site=Site.objects.get(slug="north"), role="viewer")
    vera = Client()
    vera.force_login(user)
    found = hits(vera, "press") + hits(vera, "oil") + hits(vera, "plant") + hits(vera, "admin")
    assert found
    assert not any("south" in url or "admin" in url for _kind, _title, url in found)


def test_a_search_is_bounded(boss: Client) -> None:
    assert boss.get("/api/v1/search", {"q": "x" * 101}).status_code == 422
    assert hits(boss, "%_\\") == []
