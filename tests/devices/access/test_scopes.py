"""Who may see what: default deny, roles on sites and below, pending for managers."""

from dataclasses import asdict

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission

from devices.access import Scope, scope_of, token_digest, user_of_token
from devices.models import ApiToken, Device, Membership, Site

pytestmark = pytest.mark.django_db


def make_user(name: str = "ann", **more: bool):
    return get_user_model().objects.create_user(name, **more)


@pytest.fixture
def sites() -> dict[str, Site]:
    plant = Site.objects.create(slug="plant", name="Plant")
    hall = Site.objects.create(slug="hall", name="Hall", parent=plant)
    other = Site.objects.create(slug="other", name="Other")
    for site in (plant, hall, other):
        Device.objects.create(key=f"in-{site.slug}", site=site)
        Device.objects.create(key=f"waits-{site.slug}", site=site, pending=True)
    Device.objects.create(key="homeless")
    Device.objects.create(key="waits-homeless", pending=True)
    return {"plant": plant, "hall": hall, "other": other}


def keys(user: object) -> set[str]:
    return set(scope_of(user).devices().values_list("key", flat=True))  # type: ignore[arg-type]


def test_nobody_and_a_person_without_roles_see_nothing(sites: dict[str, Site]) -> None:
    assert keys(None) == keys(AnonymousUser()) == keys(make_user()) == set()


def test_a_superuser_sees_all(sites: dict[str, Site]) -> None:
    assert len(keys(make_user(is_superuser=True))) == 8


@pytest.mark.parametrize(
    ("permission", "may"),
    [
        ("view_device", {"everything"}),
        ("change_device", {"everything", "changes"}),
        ("add_device", {"adds"}),
        ("delete_device", {"deletes"}),
        ("view_job", {"jobs"}),
        ("view_deadletter", {"packets"}),
        ("view_site", set()),
    ],
)
def test_staff_may_what_django_s_permissions_give_them(permission: str, may: set[str]) -> None:
    user = make_user(is_staff=True)
    assert scope_of(user) == Scope()
    user.user_permissions.add(Permission.objects.get(codename=permission))
    scope = scope_of(get_user_model().objects.get())
    assert {name for name in asdict(scope) if getattr(scope, name) is True} == may


def test_permissions_alone_are_for_admin_whose_pages_ask_for_staff_too() -> None:
    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="change_device"))
    assert scope_of(get_user_model().objects.get()) == Scope()


def test_staff_keep_their_roles(sites: dict[str, Site]) -> None:
    user = make_user(is_staff=True)
    Membership.objects.create(user=user, site=sites["hall"], role="manager")
    assert keys(user) == {"in-hall", "waits-hall"}


def test_an_inactive_person_sees_nothing(sites: dict[str, Site]) -> None:
    assert keys(make_user(is_superuser=True, is_active=False)) == set()


def test_a_role_holds_for_the_sites_below(sites: dict[str, Site]) -> None:
    user = make_user()
    Membership.objects.create(user=user, site=sites["plant"], role="viewer")
    assert keys(user) == {"in-plant", "in-hall"}


def test_managers_see_what_waits_on_their_sites(sites: dict[str, Site]) -> None:
    user = make_user()
    Membership.objects.create(user=user, site=sites["hall"], role="manager")
    assert keys(user) == {"in-hall", "waits-hall"}


def test_the_higher_role_counts_where_two_meet(sites: dict[str, Site]) -> None:
    user = make_user()
    Membership.objects.create(user=user, site=sites["plant"], role="operator")
    Membership.objects.create(user=user, site=sites["hall"], role="viewer")
    scope = scope_of(user)
    hall = Device.objects.get(key="in-hall")
    assert scope.may_change(hall)
    assert not scope.may_manage(hall)


def test_a_ring_of_sites_ends(sites: dict[str, Site]) -> None:
    sites["plant"].parent = sites["hall"]
    sites["plant"].save()
    user = make_user()
    Membership.objects.create(user=user, site=sites["hall"])
    assert keys(user) == {"in-plant", "in-hall"}


def test_tokens_are_kept_as_digests_and_end_with_the_person() -> None:
    user = make_user()
    ApiToken.objects.create(user=user, digest=token_digest("secret"))
    assert user_of_token("secret") == user
    assert user_of_token("other") is None
    user.is_active = False
    user.save()
    assert user_of_token("secret") is None
