"""Sites as lists show them: each with the devices at it and at the sites below."""

from collections import Counter
from dataclasses import dataclass

from devices.access import Scope, sites_below
from devices.models import Site
from devices.registry import listing


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
