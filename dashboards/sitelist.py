"""Sites as lists show them: each with the devices at it and at the sites below."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from devices import overview
from devices.access import Scope, site_and_below
from devices.models import Site


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


def listed(scope: Scope, now: datetime) -> list[Listed]:
    """Return every site that `scope` sees, by name."""
    counts = overview.fleet_of(scope, overview.fleet(now))
    known = {site.pk: site for site in Site.objects.select_related("parent")}
    return [
        Listed(_seen(site, scope), _sum(counts, slugs), " ".join(slugs))
        for pk, site in known.items()
        if scope.everything or pk in scope.sites
        for slugs in [[known[below].slug for below in sorted(site_and_below(pk))]]
    ]


def _seen(site: Site, scope: Scope) -> Site:
    if not scope.everything and site.parent_id not in scope.sites:
        site.parent = None
    return site


def _sum(counts: dict[str, overview.SiteCounts], slugs: list[str]) -> dict[str, int]:
    summed: Counter[str] = Counter()
    for slug in slugs:
        summed.update(counts.get(slug, {}))
    return dict(summed)
