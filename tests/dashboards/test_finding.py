"""The search finds what a person may see, and nothing else."""

from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboards.presentation import metric_names
from devices.models import Device, Membership, Series, Site

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    metric_names.forget()


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


def test_names_of_metrics_are_read_once_while_somebody_types(
    boss: Client, plant: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    # Each look at the clock is a second later: reading took one.
    clock = SimpleNamespace(monotonic=lambda: now.append(now[-1] + 1) or now[-1])
    monkeypatch.setattr(metric_names, "time", clock)
    assert [title for kind, title, _url in hits(boss, "oil temp")] == ["oil.temperature"] * 6
    Series.objects.create(device=Device.objects.latest("pk"), metric="oil.level")
    assert hits(boss, "oil.lev") == []
    now.append(now[-1] + metric_names.SERVES)
    assert [hit[1] for hit in hits(boss, "OIL.LEV")] == ["oil.level"]


def test_more_names_than_are_kept_are_looked_for_in_the_table(
    boss: Client, plant: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metric_names, "MOST_NAMES", 0)
    assert metric_names.named(["oil"]) is None
    assert len(hits(boss, "oil temp")) == 6


def test_a_metric_is_found_by_its_label_and_not_where_it_is_hidden(
    boss: Client, plant: None
) -> None:
    north, south = Series.objects.filter(device__key__endswith="press-0").order_by("device__key")
    north.label = "Sump"
    north.save()
    south.label, south.hidden = "Sump too", True
    south.save()
    assert [hit[1] for hit in hits(boss, "sump temp")] == ["Sump"]
