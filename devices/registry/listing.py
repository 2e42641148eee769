"""Reads for lists of devices: filters, worst first, counts per site."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Lower, NullIf

from devices.access import Scope, site_and_below
from devices.models import Device, Latest, Site
from devices.registry.states import STATES, WORST_FIRST, AsOf, state_case

PAGE_SIZE = 100
# Each word is looked for in every device.
SEARCH_WORDS, SEARCH_LENGTH = 8, 100


def searched(text: str) -> list[str]:
    """Return the words that are looked for: no more than can be meant."""
    return text[:SEARCH_LENGTH].split()[:SEARCH_WORDS]


class SiteCounts(TypedDict):
    """How many devices of a site are in each state."""

    online: int
    stale: int
    unknown: int
    offline: int
    never: int
    pending: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of devices is narrowed to; empty fields do not narrow."""

    search: str = ""
    site: str = ""
    device_type: str = ""
    tag: str = ""
    state: str = ""

    def apply(self, devices: QuerySet[Device], as_of: AsOf) -> QuerySet[Device]:
        """Return `devices` narrowed, without pending and rejected ones."""
        found = self.narrow(accepted(devices))
        if self.state in STATES:
            found = found.annotate(state=state_case(as_of)).filter(state=self.state)
        return found

    def narrow(self, devices: QuerySet[Device]) -> QuerySet[Device]:
        """Return `devices` narrowed by everything but their state."""
        found = named(devices, searched(self.search))
        if self.site:
            found = at_site(found, self.site)
        if self.device_type:
            found = found.filter(device_type=self.device_type)
        if self.tag:
            found = found.filter(tags__name=self.tag)
        return found


def named(devices: QuerySet[Device], words: Sequence[str]) -> QuerySet[Device]:
    """Return those of `devices` that have every word in their key, name or place."""
    # One text of them all: three would take three times as long, with very many devices.
    found = devices.alias(told=Concat("key", Value("\n"), "name", Value("\n"), "location"))
    for word in words:
        found = found.filter(told__icontains=word)
    return found if words else devices


def accepted(devices: QuerySet[Device]) -> QuerySet[Device]:
    """Return `devices` without those that nobody has accepted yet, and without rejected ones."""
    return devices.filter(pending=False, enabled=True)


def at_site(devices: QuerySet[Device], slug: str) -> QuerySet[Device]:
    """Return those of `devices` that are at a site or below it; "" for those at none."""
    if not slug:
        return devices.filter(site=None)
    site = Site.objects.filter(slug=slug).first()
    return devices.none() if site is None else devices.filter(site__in=site_and_below(site.pk))


def worst_first(devices: QuerySet[Device], as_of: AsOf) -> QuerySet[Device]:
    """Return `devices` with offline ones first, then stale, never seen, online."""
    rank = Case(
        *(When(state=state, then=Value(index)) for index, state in enumerate(WORST_FIRST)),
        output_field=IntegerField(),
    )
    return (
        devices.annotate(state=state_case(as_of))
        .annotate(rank=rank)
        .order_by("rank", "key")
        .select_related("site")
    )


# How a list may be ordered; `metric:{name}` by the newest value of that, `-` before it: backwards.
SORTS = {"name": "called", "site": "site__name", "type": "device_type", "heard": "last_seen"}
BY_METRIC = "metric:"


def ordered(devices: QuerySet[Device], as_of: AsOf, sort: str) -> QuerySet[Device]:
    """Return `devices` as `sort` says, or the worst first."""
    name = sort.removeprefix("-")
    found = worst_first(devices, as_of)
    if name.startswith(BY_METRIC):
        newest = Latest.objects.filter(
            series__device=OuterRef("pk"), series__metric=name.removeprefix(BY_METRIC)
        )
        by: Any = Subquery(newest.values("value")[:1])
    elif name in SORTS:
        found = found.annotate(called=Lower(Coalesce(NullIf("name", Value("")), "key")))
        by = F(SORTS[name])
    else:
        return found
    # What has none comes last, whichever way.
    found = found.annotate(by=by)
    order = F("by").desc(nulls_last=True) if sort.startswith("-") else F("by").asc(nulls_last=True)
    return found.order_by(order, "key")


def fleet(as_of: AsOf) -> dict[int | None, SiteCounts]:
    """Return the counts of every site, by site pk; None for devices without a site."""
    found: dict[int | None, SiteCounts] = {}
    rows = (
        Device.objects.filter(Q(enabled=True) | Q(pending=True))
        .annotate(state=state_case(as_of))
        .values_list("site_id", "pending", "state")
        .annotate(n=Count("pk"))
        .order_by()
    )
    for site, pending, state, n in rows:
        counts = found.setdefault(site, _none())
        if pending:
            counts["pending"] += n
        else:
            counts[state] += n  # type: ignore[literal-required] # one of STATES
    return found


def _none() -> SiteCounts:
    return {"online": 0, "stale": 0, "unknown": 0, "offline": 0, "never": 0, "pending": 0}


def fleet_of(scope: Scope, counts: dict[int | None, SiteCounts]) -> dict[str, SiteCounts]:
    """Return of `counts` what `scope` may see, by site slug; "" for no site."""
    slugs: dict[int | None, str] = {None: ""} | dict(Site.objects.values_list("pk", "slug"))
    visible: dict[str, SiteCounts] = {}
    for site, found in counts.items():
        if scope.everything or site in scope.managed:
            visible[slugs.get(site, "")] = found
        elif site in scope.sites:
            visible[slugs.get(site, "")] = {**found, "pending": 0}
    return visible


def total(counts: dict[str, SiteCounts]) -> dict[str, int]:
    """Return the sum over all sites."""
    summed = Counter(_none())
    for found in counts.values():
        summed.update(found)
    return dict(summed)
