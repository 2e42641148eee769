"""Who may see and change what; the one place that decides.

Staff see all. Others see the devices of the sites they have a role on, and of the
sites below; pending devices only as managers there. Nothing else: default deny.
"""

from dataclasses import dataclass
from hashlib import sha256

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q, QuerySet

from devices.models import ApiToken, Device, Membership, Role, Site
from devices.models.accounts import AnyUser

_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.MANAGER: 2}


@dataclass(frozen=True, slots=True)
class Scope:
    """What one person may see (`sites`), change (`operated`) and accept (`managed`)."""

    everything: bool = False
    sites: frozenset[int] = frozenset()
    operated: frozenset[int] = frozenset()
    managed: frozenset[int] = frozenset()

    def devices(self) -> QuerySet[Device]:
        """Return the devices this person may see."""
        if self.everything:
            return Device.objects.all()
        return Device.objects.filter(
            Q(site_id__in=self.sites, pending=False) | Q(site_id__in=self.managed)
        )

    def may_change(self, device: Device) -> bool:
        """Return whether this person may change `device`."""
        return self.everything or device.site_id in self.operated

    def may_manage(self, device: Device) -> bool:
        """Return whether this person may accept, reject and delete `device`."""
        return self.everything or device.site_id in self.managed


def may_import(scope: Scope) -> bool:
    """Return whether there is anything that this person may import into."""
    return scope.everything or bool(scope.operated)


def scope_of(user: AnyUser) -> Scope:
    """Return what `user` may see; nobody in particular sees nothing."""
    if user is None or not user.is_authenticated or not user.is_active:
        return Scope()
    if getattr(user, "is_staff", False) or getattr(user, "is_superuser", False):
        return Scope(everything=True)
    ranks: dict[int, int] = {}
    children = _children()
    for membership in Membership.objects.filter(user_id=user.pk):
        rank = _RANK[Role(membership.role)]
        for site in _below(membership.site_id, children):
            ranks[site] = max(rank, ranks.get(site, 0))
    return Scope(
        sites=frozenset(ranks),
        operated=frozenset(site for site, rank in ranks.items() if rank >= 1),
        managed=frozenset(site for site, rank in ranks.items() if rank > 1),
    )


def site_and_below(site: int) -> set[int]:
    """Return `site` (pk) and the sites below it."""
    return _below(site, _children())


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


def user_of_token(token: str) -> AbstractBaseUser | None:
    """Return the active user that `token` belongs to."""
    found = ApiToken.objects.select_related("user").filter(digest=token_digest(token)).first()
    if found is None:
        return None
    user = get_user_model()._default_manager.filter(pk=found.user_id).first()  # noqa: SLF001
    return user if user is not None and user.is_active else None
