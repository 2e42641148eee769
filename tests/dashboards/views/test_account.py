"""A person's own settings."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.models import Device, Membership, Preferences, Series, Site

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def vera() -> Client:
    user = get_user_model().objects.create_user("vera")
    here = Site.objects.create(slug="here", name="Here")
    Membership.objects.create(user=user, site=here, role="viewer")
    there = Site.objects.create(slug="there", name="There")
    units = {here: ("°C", "lux of mine", "%"), there: ("bar",)}
    for site, measured in units.items():
        device = Device.objects.create(key=site.slug, site=site)
        for number, unit in enumerate(measured):
            Series.objects.create(device=device, metric=f"m{number}", unit=unit)
    client = Client()
    client.force_login(user)
    return client


def fields(answer: Any) -> list[str]:
    return list(answer.context["form"].fields)


def test_units_that_the_person_sees_can_be_chosen(vera: Client) -> None:
    answer = vera.get("/account/")
    assert fields(answer) == ["°C"]
    saved = vera.post("/account/", {"°C": "°F"})
    assert saved.status_code == 302
    assert Preferences.objects.get().units == {"°C": "°F"}
    assert 'value="°F" selected' in vera.get("/account/").content.decode()
    vera.post("/account/", {"°C": ""})
    assert Preferences.objects.get().units == {}


def test_another_quantity_is_refused_by_name(vera: Client) -> None:
    answer = vera.post("/account/", {"°C": "kWh"})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert "°C: " in answer.content.decode()
    assert not Preferences.objects.exists()


def test_a_choice_stays_where_nothing_is_measured_in_it_any_more(vera: Client) -> None:
    vera.post("/account/", {"°C": "°F"})
    Series.objects.all().delete()
    assert fields(vera.get("/account/")) == ["°C"]
    vera.post("/account/", {"°C": ""})
    assert "could be shown in another unit" in vera.get("/account/").content.decode()


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("/wall/x/?page=2", "/wall/x/?page=2"),
        ("logout", "logout"),
        ("//evil.example/", "/account/"),
        ("https://evil.example/", "/account/"),
        ("", "/account/"),
    ],
)
def test_after_the_look_is_chosen_the_page_is_the_same(
    vera: Client, where: str, found: str
) -> None:
    answer = vera.post("/account/look", {"theme": "dark", "next": where})
    assert (answer.status_code, answer.headers["Location"]) == (302, found)
