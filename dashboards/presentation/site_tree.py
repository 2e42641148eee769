"""Sites as lists show them: each with the devices at it and at the sites below."""

from collections import Counter
from dataclasses import dataclass, replace

from devices.access import Scope, sites_below
from devices.models import Device, Site
from devices.registry import listing
from devices.registry.states import AsOf, State, state_of


@dataclass(frozen=True, slots=True)
class Listed:
    """A site that somebody may see.

    Args:
        site: it; its parent is left out where that may not be seen.
        counts: devices by state, of it and the sites below.
        slugs: of it and the sites below, split by spaces: the browser sums up by them.
    """

    site: Site
    counts: dict[str, int]
    slugs: str
    worst: "Worst | None" = None


@dataclass(frozen=True, slots=True)
class Worst:
    """The device of a site that is worst, where one is not well."""

    device: Device
    state: State


def with_worst(sites: list[Listed], scope: Scope, as_of: AsOf) -> list[Listed]:
    """Return `sites` with the device of each, or below it, that is worst."""
    devices = listing.accepted(scope.devices()).select_related("site")
    unwell = [
        device
        for device in listing.worst_first(devices, as_of)[:UNWELL]
        if state_of(device, as_of) not in {"online", "never"}
    ]
    by_site: dict[str, Device] = {}
    for device in unwell:
        if device.site is not None:
            by_site.setdefault(device.site.slug, device)
    order = {device.pk: place for place, device in enumerate(by_site.values())}
    found = []
    for one in sites:
        known = [by_site[slug] for slug in one.slugs.split() if slug in by_site]
        worst = min(known, key=lambda device: order[device.pk], default=None)
        told = Worst(worst, state_of(worst, as_of)) if worst else None
        found.append(replace(one, worst=told))
    return found


def listed(scope: Scope, counts: dict[str, listing.SiteCounts]) -> list[Listed]:
    """Return every site that `scope` sees, by name; `counts` are those of `overview.fleet_of`."""
    below = sites_below()
    known = {site.pk: site for site in Site.objects.select_related("parent")}
    return [
        Listed(_seen(site, scope), _sum(counts, slugs), " ".join(slugs))
        for pk, site in known.items()
        if scope.may_see(site)
        for slugs in [[known[each].slug for each in sorted(below[pk])]]
    ]


def _seen(site: Site, scope: Scope) -> Site:
    if not scope.everything and site.parent_id not in scope.sites:
        site.parent = None
    return site


def _sum(counts: dict[str, listing.SiteCounts], slugs: list[str]) -> dict[str, int]:
    summed: Counter[str] = Counter()
    for slug in slugs:
        summed.update(counts.get(slug, {}))
    return dict(summed)


# Devices that are looked at for the worst of each site.
UNWELL = 2_000
# More sites than these are found by search, and on the page of boards.
IN_TREE = 60


@dataclass(frozen=True, slots=True)
class Branch:
    """A site in the tree.

    Args:
        site: it.
        depth: how many of the sites above it are seen, 3 at most.
        slugs: of it and the sites below, split by spaces.
    """

    site: Site
    depth: int
    slugs: str


@dataclass(frozen=True, slots=True)
class Tree:
    """Sites with those below them, as far as there is room; `more` are left out."""

    branches: list[Branch]
    more: int


def tree(scope: Scope) -> Tree:
    """Return the sites that `scope` sees, each followed by those below it, by name."""
    known = {site.pk: site for site in Site.objects.order_by("name") if scope.may_see(site)}
    below = sites_below()
    children: dict[int | None, list[Site]] = {}
    for site in known.values():
        children.setdefault(site.parent_id if site.parent_id in known else None, []).append(site)
    found: list[Branch] = []
    waiting = [(site, 0) for site in reversed(children.get(None, []))]
    while waiting and len(found) < IN_TREE:
        site, depth = waiting.pop()
        slugs = " ".join(known[pk].slug for pk in sorted(below[site.pk]) if pk in known)
        found.append(Branch(site, min(depth, 3), slugs))
        waiting += [(one, depth + 1) for one in reversed(children.get(site.pk, []))]
    return Tree(found, len(known) - len(found))
