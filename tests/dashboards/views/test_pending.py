"""Devices that wait are named, put into a site and accepted on one page."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.models import Device, Membership, Site

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def here() -> Site:
    return Site.objects.create(slug="here", name="Here")


@pytest.fixture
def manager(here: Site) -> Client:
    user = get_user_model().objects.create_user("max")
    Membership.objects.create(user=user, site=here, role="manager")
    Site.objects.create(slug="there", name="There")
    client = Client()
    client.force_login(user)
    return client


def test_a_device_is_named_placed_and_accepted(here: Site) -> None:
    boss = Client()
    boss.force_login(get_user_model().objects.create_superuser("boss"))
    Device.objects.create(key="new", pending=True)
    assert "new" in boss.get("/pending").content.decode()
    given = {"device": "new", "name:new": "Oil <b>pump</b>", "site:new": "here"}
    assert boss.post("/pending", given)["Location"] == "/"
    device = Device.objects.get()
    assert (device.name, device.site, device.pending) == ("Oil <b>pump</b>", here, False)
    assert "No device waits" in boss.get("/pending").content.decode()


def test_a_manager_decides_for_their_own_sites_alone(manager: Client, here: Site) -> None:
    Device.objects.create(key="mine", pending=True, site=here)
    Device.objects.create(key="other", pending=True)
    page = manager.get("/pending").content.decode()
    assert "mine" in page
    assert "other" not in page
    assert "There" not in page
    manager.post("/pending", {"device": ["mine", "other"], "site:mine": "there"})
    assert not Device.objects.get(key="mine").pending
    assert Device.objects.get(key="mine").site == here
    assert Device.objects.get(key="other").pending


def test_rejecting_keeps_the_device_disabled(manager: Client, here: Site) -> None:
    Device.objects.create(key="mine", pending=True, site=here)
    manager.post("/pending", {"device": "mine", "reject": "1"})
    device = Device.objects.get()
    assert (device.pending, device.enabled) == (False, False)


def test_nothing_chosen_changes_nothing(manager: Client, here: Site) -> None:
    Device.objects.create(key="mine", pending=True, site=here)
    manager.post("/pending", {"name:mine": "x"})
    device = Device.objects.get()
    assert (device.pending, device.name) == (True, "")
