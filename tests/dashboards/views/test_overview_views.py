"""The overview: order, columns, saved views, many devices at once."""

import time
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboards.models import SavedView
from devices.models import Device, Latest, Series, Site
from tests.dashboards.views.test_made_boards import anna, client_of, told

pytestmark = pytest.mark.usefixtures("tables")
__all__ = ["anna"]


@pytest.fixture
def three(anna: Client) -> Client:
    site = Site.objects.get()
    store = Site.objects.create(slug="attic", name="Attic", parent=site)
    now = time.time_ns() // 1_000
    for key, name, where, kind, value in (
        ("pump", "Alpha", store, "pump", 3.5),
        ("fan", "", site, "fan", None),
    ):
        device = Device.objects.create(key=key, name=name, site=where, device_type=kind)
        series = Series.objects.create(device=device, metric="t", unit="°C")
        if value is not None:
            Latest.objects.create(series=series, ts=now, value=value)
    Latest.objects.create(series=Series.objects.get(device__key="press"), ts=now, value=9.5)
    return anna


def order(client: Client, **query: Any) -> list[str]:
    page = client.get("/", {"fragment": 1, **query}).content.decode()
    return [part.split('"')[0] for part in page.split('<tr data-device="')[1:]]


@pytest.mark.parametrize(
    ("sort", "keys"),
    [
        ("name", ["pump", "fan", "press"]),
        ("-name", ["press", "fan", "pump"]),
        ("site", ["pump", "fan", "press"]),
        ("type", ["fan", "press", "pump"]),
        ("metric:t", ["pump", "press", "fan"]),
        ("-metric:t", ["press", "pump", "fan"]),
        ("metric:none", ["fan", "press", "pump"]),
        ("x' OR 1", ["fan", "press", "pump"]),
        ("", ["fan", "press", "pump"]),
    ],
)
def test_the_list_is_ordered_by_a_column(three: Client, sort: str, keys: list[str]) -> None:
    assert order(three, sort=sort) == keys


def test_chosen_metrics_are_columns(three: Client) -> None:
    page = told(three.get("/", {"metric": ["t", "none"], "sort": "-metric:t"}))
    assert 'aria-sort="descending"' in page
    assert page.count("Newest values") == 0
    assert 'data-key="pump/t"' in page
    # `none` of three devices, and `t` of none that has no value yet.
    assert page.count('<span class="quiet">–</span>') == 3  # noqa: RUF001 - a dash


def test_a_view_is_kept_and_found_again(three: Client) -> None:
    query = "state=offline&sort=-metric%3At&metric=t&metric=p&page=3&evil=1"
    answer = three.post("/views", {"title": "Hot", "query": query})
    assert answer["Location"] == "/?state=offline&sort=-metric%3At&metric=t&metric=p"
    view = SavedView.objects.get()
    page = told(three.get("/"))
    assert f"?{view.query}".replace("&", "&amp;") in page
    three.post("/views", {"title": "Hot", "query": "state=stale"})
    assert SavedView.objects.get().query == "state=stale"
    other = client_of("bert", "viewer")
    assert "Hot" not in told(other.get("/"))
    assert other.post(f"/views/{view.pk}/delete").status_code == 404
    three.post("/views", {"title": "Hot", "query": "state=stale", "shared": "on"})
    assert "Hot" in told(other.get("/"))
    assert other.post("/views", {"title": "x", "shared": "on"}).status_code == 403
    assert three.post(f"/views/{view.pk}/delete").status_code == 302
    assert not SavedView.objects.exists()


def test_a_view_of_very_many_parts_is_kept_as_far_as_it_means_something(three: Client) -> None:
    query = "&".join([*(f"x{n}=1" for n in range(300)), "search=pump"])
    assert three.post("/views", {"title": "Pumps", "query": query}).status_code == 302
    assert SavedView.objects.get().query == "search=pump"


@pytest.mark.parametrize("title", ["", "x" * 61, " "])
def test_a_view_needs_a_name(three: Client, title: str) -> None:
    three.post("/views", {"title": title, "query": ""})
    assert not SavedView.objects.exists()
    assert "title:" in told(three.get("/"))


def test_there_is_an_end_of_views(three: Client) -> None:
    owner = get_user_model().objects.get(username="anna")
    SavedView.objects.bulk_create(SavedView(owner=owner, title=str(n)) for n in range(50))
    three.post("/views", {"title": "x"})
    assert "You have 50 views" in told(three.get("/"))
    assert SavedView.objects.count() == 50


def bulk(client: Client, action: str, value: str, *keys: str) -> str:
    query = {"device": keys, "action": action, "value": value, "next": "/?view=rows"}
    answer = client.post("/devices/", query)
    assert parse_qs(urlparse(answer["Location"]).query) == {"view": ["rows"]}
    return told(client.get("/"))


def test_many_devices_are_changed_at_once(three: Client) -> None:
    assert "2 devices changed." in bulk(three, "tag", "hot", "press", "pump")
    assert set(Device.objects.filter(tags__name="hot").values_list("key", flat=True)) == {
        *("press", "pump")
    }
    bulk(three, "untag", "hot", "press")
    assert Device.objects.filter(tags__name="hot").count() == 1
    bulk(three, "type", "mixer", "fan")
    assert Device.objects.get(key="fan").device_type == "mixer"
    bulk(three, "site", "attic", "fan", "press")
    assert Device.objects.filter(site__slug="attic").count() == 3


@pytest.mark.parametrize(
    ("action", "value", "words"),
    [
        ("site", "nowhere", "Choose a site that you manage."),
        ("tag", "", "A tag is one word."),
        ("tag", "two words", "A tag is one word."),
        ("tag", "x" * 300, "at most"),
        ("type", "x" * 300, "at most"),
        ("drop", "x", "Choose what is to be done."),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_changed(
    three: Client, action: str, value: str, words: str
) -> None:
    assert words in bulk(three, action, value, "press")
    assert not Device.objects.filter(tags__isnull=False).exists()


def test_what_one_may_not_change_stays(three: Client) -> None:
    Device.objects.create(key="elsewhere")
    operator = client_of("olga", "operator")
    page = bulk(operator, "tag", "hot", "press", "elsewhere")
    assert "1 device changed." in page
    assert "1 device stays as it is" in page
    assert "Choose a site" in bulk(operator, "site", "attic", "press")
    assert "0 devices changed." in bulk(operator, "type", "x", "press")
    viewer = client_of("vera", "viewer")
    assert "0 devices changed." in bulk(viewer, "tag", "x", "press")
    assert 'id="bulk"' not in told(viewer.get("/"))
