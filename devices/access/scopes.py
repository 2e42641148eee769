"""Who may see and change what; the one place that decides.

A superuser may do all. Staff may do, of all devices, what Django's model permissions give
them, in admin and everywhere else: `view_device`, `change_device` (which includes accepting
and moving), `add_device`, `delete_device`, `view_job`, `mqtt_ingest.view_deadletter` (packets).
Everybody, staff too, sees the devices of the sites they have a role on, and of the sites
below; pending devices only as managers there. Nothing else: default deny.
"""

from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from devices.models import ApiToken, Device, Membership, Role, Site
from devices.models.accounts import AnyUser

_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.MANAGER: 2}


@dataclass(frozen=True, slots=True)
class Scope:
    """What one person may see (`sites`), change (`operated`) and accept (`managed`).

    Args:
        everything: they see all devices, whatever their sites.
        changes: they may change and accept all of them.
        adds: they may register devices anywhere.
        deletes: they may delete any.
        jobs: they see the jobs of all people.
        packets: they see the last packets, and what is lost of all sites together.
        keys: the series (`{device key}/{metric}`) that alone are shown; None: all there are.
        reach_s: so far back one may look, in s; 0: as far as there is anything.
    """

    everything: bool = False
    changes: bool = False
    adds: bool = False
    deletes: bool = False
    jobs: bool = False
    packets: bool = False
    sites: frozenset[int] = frozenset()
    operated: frozenset[int] = frozenset()
    managed: frozenset[int] = frozenset()
    keys: frozenset[str] | None = None
    reach_s: int = 0

    @property
    def has_role(self) -> bool:
        """Return whether there is anything that this person may see."""
        return self.everything or bool(self.sites)

    @property
    def is_by_link(self) -> bool:
        """Return whether a link gives it, to whoever has that."""
        return self.keys is not None or self.reach_s > 0

    @property
    def may_import(self) -> bool:
        """Return whether there is anything that this person may import into."""
        return self.changes or bool(self.operated)

    def devices(self) -> QuerySet[Device]:
        """Return the devices this person may see."""
        found = Device.objects.all()
        if self.keys is not None:
            found = found.filter(key__in={key.partition("/")[0] for key in self.keys})
        if self.everything:
            return found
        return found.filter(Q(site_id__in=self.sites, pending=False) | Q(site_id__in=self.managed))

    def both(self, other: "Scope") -> "Scope":
        """Return what this person and another one may see, each of them; to see alone."""
        sites = self.sites if other.everything else other.sites
        if not (self.everything or other.everything):
            sites = self.sites & other.sites
        return Scope(everything=self.everything and other.everything, sites=sites)

    def shows(self, key: str) -> bool:
        """Return whether the series called `key` is shown, of a device that one may see."""
        return self.keys is None or key in self.keys

    def earliest(self, now: int) -> int:
        """Return from when on one may look, in µs; `now` is the time, in µs."""
        return now - self.reach_s * 1_000_000 if self.reach_s else 0

    def may_see(self, site: Site) -> bool:
        """Return whether this person may see `site`."""
        return self.everything or site.pk in self.sites

    def may_change(self, device: Device) -> bool:
        """Return whether this person may change `device`."""
        return self.changes or device.site_id in self.operated

    def may_manage(self, device: Device) -> bool:
        """Return whether this person may accept, reject and move `device`."""
        return self.changes or device.site_id in self.managed

    def may_run(self, site: Site, user: AnyUser) -> bool:
        """Return whether `user`, whose scope this is, may set up `site` and who has which role.

        Managers of the site, and staff with all of `RUNS_SITES`.
        """
        return site.pk in self.managed or runs_sites(user)

    def may_add(self, device: Device) -> bool:
        """Return whether this person may register `device`."""
        return self.adds or device.site_id in self.managed

    def may_delete(self, device: Device) -> bool:
        """Return whether this person may delete `device`."""
        return self.deletes or device.site_id in self.managed


# What staff need to set up sites, as managers do theirs.
RUNS_SITES = (
    *("devices.add_site", "devices.change_site", "devices.add_membership"),
    *("devices.change_membership", "devices.delete_membership"),
    *("devices.add_retentionpolicy", "devices.change_retentionpolicy"),
)


def runs_sites(user: AnyUser) -> bool:
    """Return whether `user` may set up every site, and make new ones anywhere."""
    staff = bool(user is not None and user.is_active and getattr(user, "is_staff", False))
    return staff and user.has_perms(RUNS_SITES)  # type: ignore[union-attr] # it is a user


# Of a superuser, and of whoever sits at the command line.
ALL = Scope(everything=True, changes=True, adds=True, deletes=True, jobs=True, packets=True)
# What staff may by Django's permissions; changing what one does not see is nothing.
_PERMISSIONS = {
    "everything": ("devices.view_device", "devices.change_device"),
    "changes": ("devices.change_device",),
    "adds": ("devices.add_device",),
    "deletes": ("devices.delete_device",),
    "jobs": ("devices.view_job",),
    "packets": ("mqtt_ingest.view_deadletter",),
}


def scope_of(user: AnyUser) -> Scope:
    """Return what `user` may see; nobody in particular sees nothing."""
    if user is None or not user.is_authenticated or not user.is_active:
        return Scope()
    if getattr(user, "is_superuser", False):
        return ALL
    ranks: dict[int, int] = {}
    children = _children()
    for membership in Membership.objects.filter(user_id=user.pk):
        rank = _RANK[Role(membership.role)]
        for site in _below(membership.site_id, children):
            ranks[site] = max(rank, ranks.get(site, 0))
    return Scope(
        **_given_to_staff(user),
        sites=frozenset(ranks),
        operated=frozenset(site for site, rank in ranks.items() if rank >= 1),
        managed=frozenset(site for site, rank in ranks.items() if rank > 1),
    )


def _given_to_staff(user: AnyUser) -> dict[str, Any]:
    if not getattr(user, "is_staff", False):
        return {}
    held: set[str] = user.get_all_permissions()  # type: ignore[union-attr] # it is a user
    return {may: not held.isdisjoint(wanted) for may, wanted in _PERMISSIONS.items()}


def site_and_below(site: int) -> set[int]:
    """Return `site` (pk) and the sites below it."""
    return _below(site, _children())


def sites_above(site: int) -> set[int]:
    """Return the sites (pks) that `site` is part of; a ring of parents ends, too."""
    parents = dict(Site.objects.values_list("pk", "parent_id"))
    seen: set[int] = set()
    current = parents.get(site)
    while current is not None and current not in seen and current != site:
        seen.add(current)
        current = parents.get(current)
    return seen


def levels_below(site: int) -> int:
    """Return how many levels of sites there are below `site`."""
    children = _children()
    levels, here, seen = -1, {site}, {site}
    while here:
        levels += 1
        here = {below for one in here for below in children.get(one, [])} - seen
        seen |= here
    return levels


def sites_below() -> dict[int, set[int]]:
    """Return every site with itself and those below it, by pk; the tree is read once."""
    children = _children()
    return {pk: _below(pk, children) for below in children.values() for pk in below}


def _children() -> dict[int | None, list[int]]:
    found: dict[int | None, list[int]] = {}
    for pk, parent in Site.objects.values_list("pk", "parent_id"):
        found.setdefault(parent, []).append(pk)
    return found


def _below(site: int, children: dict[int | None, list[int]]) -> set[int]:
    """Return `site` and the sites below it; a ring of parents ends too."""
    seen, waiting = set(), [site]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += children.get(current, [])
    return seen


def token_digest(token: str) -> str:
    """Return what is stored of an API token."""
    return sha256(token.encode()).hexdigest()


def user_of_session(key: str | None) -> AnyUser:
    """Return whose session `key` is, read anew: nobody's once it, or its password, has ended."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return get_user(request)


def user_of_token(token: str) -> AbstractBaseUser | None:
    """Return the active user that `token` belongs to."""
    found = ApiToken.objects.select_related("user").filter(digest=token_digest(token)).first()
    if found is None:
        return None
    user = get_user_model()._default_manager.filter(pk=found.user_id).first()  # noqa: SLF001
    return user if user is not None and user.is_active else None
