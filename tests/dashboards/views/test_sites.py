"""Sites as their managers set them up."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from dashboards.views import sites
from devices.access.scopes import RUNS_SITES
from devices.models import Membership, RetentionPolicy, Role, Site

pytestmark = pytest.mark.usefixtures("tables")
HERE = "/sites/here/"


@pytest.fixture
def here() -> Site:
    top = Site.objects.create(slug="top", name="Top")
    Site.objects.create(slug="there", name="There")
    return Site.objects.create(slug="here", name="Here", parent=top)


def account(name: str, **options: Any) -> Any:
    return get_user_model().objects.create_user(name, **options)


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager(here: Site) -> Client:
    user = account("manager")
    Membership.objects.create(user=user, site=here, role=Role.MANAGER)
    return logged_in(user)


@pytest.fixture
def staff(here: Site) -> Client:
    user = account("staff", is_staff=True)
    for name in RUNS_SITES:
        codename = name.partition(".")[2]
        user.user_permissions.add(Permission.objects.get(codename=codename))
    return logged_in(user)


def test_a_manager_gives_changes_and_takes_roles(manager: Client, here: Site) -> None:
    other = account("ada")
    added = manager.post(HERE, {"do": "member", "person": " ada ", "role": "viewer"})
    assert added.status_code == 302
    membership = Membership.objects.get(user=other)
    assert (membership.site, membership.role) == (here, "viewer")
    assert "ada" in manager.get(HERE).content.decode()
    own = {"do": "change", "membership": membership.pk}
    manager.post(HERE, {**own, "role": "operator"})
    membership.refresh_from_db()
    assert membership.role == "operator"
    manager.post(HERE, {**own, "role": "king"})
    membership.refresh_from_db()
    assert membership.role == "operator"
    manager.post(HERE, {**own, "role": "operator", "remove": "1"})
    assert not Membership.objects.filter(user=other).exists()


def test_who_is_added_twice_has_the_later_role(manager: Client) -> None:
    account("ada")
    for role in ("viewer", "manager"):
        manager.post(HERE, {"do": "member", "person": "ada", "role": role})
    assert [one.role for one in Membership.objects.filter(user__username="ada")] == ["manager"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"person": "nobody", "role": "viewer"}, "There is no account of that name."),
        ({"person": "ada", "role": "king"}, "king"),
        ({"role": "viewer"}, "User name"),
    ],
)
def test_what_is_wrong_with_a_member_is_told(
    manager: Client, given: dict[str, str], words: str
) -> None:
    account("ada")
    answer = manager.post(HERE, {"do": "member", **given})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert Membership.objects.count() == 1


def test_a_role_elsewhere_cannot_be_changed_from_here(manager: Client) -> None:
    site = Site.objects.get(slug="there")
    other = Membership.objects.create(user=account("ada"), site=site, role=Role.VIEWER)
    for number in (other.pk, "x", ""):
        body = {"do": "change", "membership": number, "role": "manager"}
        assert manager.post(HERE, body).status_code == 404
    other.refresh_from_db()
    assert other.role == Role.VIEWER


def test_roles_of_sites_above_are_shown_and_stay(manager: Client) -> None:
    top = Site.objects.get(slug="top")
    Membership.objects.create(user=account("ada"), site=top, role=Role.OPERATOR)
    # Who sees nothing of the site above is not told who is there.
    assert "Top" not in manager.get(HERE).content.decode().partition("People")[2]
    Membership.objects.create(user=get_user_model().objects.get(username="manager"), site=top)
    page = manager.get(HERE)
    assert {one.user.username for one in page.context["above"]} == {"ada", "manager"}
    assert "by a role at Top" in page.content.decode()


def test_a_manager_says_for_how_long_readings_stay(manager: Client, here: Site) -> None:
    assert manager.post(HERE, {"do": "keep", "raw_days": "30"}).status_code == 302
    assert RetentionPolicy.objects.get(site=here).raw_days == 30
    wrong = manager.post(HERE, {"do": "keep", "raw_days": "30", "quarters_days": "20"})
    assert wrong.status_code == 400
    assert "15-minute sums must stay as long as readings." in wrong.content.decode()
    # Where it says nothing any more, it is none.
    manager.post(HERE, {"do": "keep"})
    assert not RetentionPolicy.objects.exists()


def test_a_manager_names_a_site_but_keeps_its_place(manager: Client, here: Site) -> None:
    there = Site.objects.get(slug="there")
    manager.post(HERE, {"do": "site", "name": "Hall", "parent": there.pk, "slug": "x"})
    here.refresh_from_db()
    assert (here.name, here.slug, here.parent and here.parent.slug) == ("Hall", "here", "top")


def test_a_manager_makes_sites_below_their_own_alone(manager: Client, here: Site) -> None:
    there = Site.objects.get(slug="there")
    for parent in ("", there.pk):
        body = {"name": "Line 1", "slug": "line-1", "parent": parent}
        assert manager.post("/sites/", body).status_code == 400
    made = manager.post("/sites/", {"name": "Line 1", "slug": "line-1", "parent": here.pk})
    assert made.headers["Location"] == "/sites/line-1/"
    assert Site.objects.get(slug="line-1").parent == here
    assert manager.get("/sites/line-1/").status_code == 200
    assert {site.slug for site in manager.get("/sites/").context["sites"]} == {"here", "line-1"}


def test_a_site_is_never_put_below_itself(staff: Client, here: Site) -> None:
    top = Site.objects.get(slug="top")
    answer = staff.post("/sites/top/", {"do": "site", "name": "Top", "parent": here.pk})
    assert answer.status_code == 400
    top.refresh_from_db()
    assert top.parent is None


def test_staff_with_the_permissions_make_sites_anywhere(staff: Client) -> None:
    made = staff.post("/sites/", {"name": "New", "slug": "new", "parent": ""})
    assert made.status_code == 302
    assert Site.objects.get(slug="new").parent is None


def test_nobody_else_sets_up_a_site(here: Site) -> None:
    user = account("operator")
    Membership.objects.create(user=user, site=here, role=Role.OPERATOR)
    client = logged_in(user)
    body = {"do": "member", "person": "operator", "role": "manager"}
    assert client.post(HERE, body).status_code == 403
    assert client.get("/sites/").status_code == 403
    assert client.get("/sites/there/").status_code == 404
    assert 'href="/sites/"' not in client.get("/").content.decode()


def test_managers_find_their_sites_beside_every_page(manager: Client) -> None:
    assert 'href="/sites/"' in manager.get("/").content.decode()
    assert 'href="/sites/here/"' in manager.get("/boards/site/here/").content.decode()


def test_a_part_that_there_is_not_changes_nothing(manager: Client) -> None:
    assert manager.post(HERE, {"do": "all"}).status_code == 404
    assert manager.post(HERE, {}).status_code == 200


def test_sites_are_so_many_levels_deep_and_no_more(manager: Client, here: Site) -> None:
    parent = here.pk
    for level in range(3, sites.LEVELS + 1):
        body = {"name": "x", "slug": f"level-{level}", "parent": parent}
        assert manager.post("/sites/", body).status_code == 302
        parent = Site.objects.get(slug=f"level-{level}").pk
    refused = manager.post("/sites/", {"name": "x", "slug": "deeper", "parent": parent})
    assert refused.status_code == 400
    assert f"Sites may be {sites.LEVELS} levels deep." in refused.content.decode()


def test_a_site_moves_with_what_is_below_it_only_where_there_is_room(
    staff: Client, here: Site
) -> None:
    parent = here
    for level in range(3, sites.LEVELS + 1):
        parent = Site.objects.create(name="x", slug=f"level-{level}", parent=parent)
    there = Site.objects.get(slug="there")
    answer = staff.post("/sites/top/", {"do": "site", "name": "Top", "parent": there.pk})
    assert answer.status_code == 400
    assert staff.post(HERE, {"do": "site", "name": "x", "parent": there.pk}).status_code == 302


def test_a_manager_has_so_many_sites_and_makes_no_more(
    manager: Client, here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "MOST", 2)
    statuses = [
        manager.post("/sites/", {"name": "x", "slug": f"s{n}", "parent": here.pk}).status_code
        for n in range(2)
    ]
    assert statuses == [302, 400]


@pytest.mark.parametrize("number", ["9" * 5_000, "9" * 18, "-1", "1.5"])
def test_a_number_of_nobody_is_not_found(manager: Client, number: str) -> None:
    body = {"do": "change", "membership": number, "role": "manager"}
    assert manager.post(HERE, body).status_code == 404
