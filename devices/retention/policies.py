"""Which policy holds for a series, and from when on (µs since 1970 UTC) it keeps what."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from devices.models import RetentionPolicy, Series, Site
from devices.models.retention import FIELDS

DAY_US = 86_400_000_000
# Longer than any calendar: for ever.
_EVER = 10**7


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many days what is kept; 0: for ever."""

    raw: int = 730
    minutes: int = 90
    quarters: int = 1_825
    hours: int = 0
    # What the disk guard leaves of the readings.
    least: int = 30
    # Nobody has set a policy: series that are new are left alone for a while.
    built_in: bool = True

    def ordered(self) -> "Keep":
        """Return what is possible: sums stay as long as what is made from them needs them."""
        raw, least = self.raw or _EVER, self.least or _EVER
        quarters = max(raw, self.quarters or _EVER)
        hours = max(quarters, self.hours or _EVER)
        minutes = min(raw, self.minutes or _EVER)
        days = (raw, minutes, quarters, hours, min(raw, least))
        return _kept([0 if part >= _EVER else part for part in days], built_in=self.built_in)


def _kept(days: list[int], *, built_in: bool) -> Keep:
    raw, minutes, quarters, hours, least = days
    return Keep(raw, minutes, quarters, hours, least, built_in)


BUILT_IN = Keep()
# With the built-in policy, what was brought in of old times stays at least for so long.
GRACE_DAYS = 30


def cutoff(now: int, days: int) -> int:
    """Return the start of the UTC day (µs) from which on `days` days are kept; 0 for ever."""
    return max(0, (now - days * DAY_US) // DAY_US * DAY_US) if days else 0


class Policies:
    """All policies, read once."""

    def __init__(self) -> None:
        found = list(RetentionPolicy.objects.all())
        self._by_series = {row.series_id: row for row in found if row.series_id}
        self._by_site = {row.site_id: row for row in found if row.site_id}
        self._by_type = {row.device_type: row for row in found if row.device_type}
        self._rest = next(
            (row for row in found if not (row.series_id or row.site_id or row.device_type)), None
        )
        self._parents = dict(Site.objects.values_list("pk", "parent_id"))
        self._known: dict[tuple[int, str, int | None], Keep] = {}

    def keep(self, series: int, device_type: str, site: int | None) -> Keep:
        """Return what holds for a series (pk) of a device of this type on this site (pk)."""
        own = series if series in self._by_series else 0
        at = own, device_type, site
        if at not in self._known:
            self._known[at] = self._found(*at)
        return self._known[at]

    def _found(self, series: int, device_type: str, site: int | None) -> Keep:
        rules = [*self._rules(series, device_type, site)]
        days: list[int] = []
        for name, built_in in zip(FIELDS, astuple(BUILT_IN), strict=False):
            said = [getattr(rule, name) for rule in rules if getattr(rule, name) is not None]
            days.append(said[0] if said else built_in)
        raw_said = any(rule.raw_days is not None for rule in rules)
        return _kept(days, built_in=not raw_said).ordered()

    def _rules(self, series: int, device_type: str, site: int | None) -> Iterator[RetentionPolicy]:
        """Yield what there is, the narrowest first."""
        if series in self._by_series:
            yield self._by_series[series]
        if device_type in self._by_type:
            yield self._by_type[device_type]
        seen: set[int] = set()
        while site is not None and site not in seen:
            seen.add(site)
            if site in self._by_site:
                yield self._by_site[site]
            site = self._parents.get(site)
        if self._rest is not None:
            yield self._rest

    @property
    def leasts(self) -> list[int]:
        """Return for how many days the policies let readings stay while the disk fills up."""
        narrow = (*self._by_series.values(), *self._by_type.values(), *self._by_site.values())
        said = [rule.least_days for rule in narrow] + [self.keep(0, "", None).least]
        return [days for days in said if days]


@dataclass(slots=True)
class Target:
    """From when on (µs) what is kept of a series."""

    series: int
    keep: Keep
    raw: int
    minutes: int
    quarters: int
    hours: int
    # What has been decided: nothing older is read or taken in.
    raw_since: int
    quarters_since: int
    # Readings before this time would go, were the series not new.
    spared: int = 0

    @property
    def hours_since(self) -> int:
        """Return before when hours go: never before their quarters."""
        return min(self.hours, self.quarters_since)


def targets(
    policies: Policies, now: int, after: int, limit: int, thin_until: int = 0
) -> list[Target]:
    """Return what is to be kept of the next `limit` series behind pk `after`, by pk.

    Args:
        policies: as read.
        now: in µs.
        after: the pk of the series before.
        limit: on the number of series.
        thin_until: in µs: the disk is filling up, so of readings before it only those
            stay that must.
    """
    rows = (
        Series.objects.filter(pk__gt=after)
        .order_by("pk")
        .values_list(
            *("pk", "device__device_type", "device__site_id", "created_at"),
            *("raw_since", "quarters_since", "latest__ts"),
        )[:limit]
    )
    found: list[Target] = []
    for pk, device_type, site, created_at, raw_since, quarters_since, newest in rows:
        keep = policies.keep(pk, device_type, site)
        made = Target(pk, keep, 0, 0, 0, 0, raw_since, quarters_since)
        young = now - created_at.timestamp() * 1e6 < GRACE_DAYS * DAY_US
        _decide(made, now, thin_until, (newest or 0) // DAY_US * DAY_US, young=young)
        found.append(made)
    return found


def _decide(made: Target, now: int, thin_until: int, last_day: int, *, young: bool) -> None:
    """Fill in what is kept; the last day on which a device reported stays."""
    keep = made.keep
    aged = min(cutoff(now, keep.raw), last_day)
    thinned = min(cutoff(now, keep.least), thin_until, last_day)
    made.spared = aged if keep.built_in and young and aged > made.raw_since else 0
    made.raw = max(made.raw_since, thinned, 0 if made.spared else aged)
    made.quarters = max(made.quarters_since, min(cutoff(now, keep.quarters), made.raw))
    made.hours = min(cutoff(now, keep.hours), made.quarters)
    made.minutes = made.raw
    if not made.spared:
        made.minutes = max(made.raw, min(cutoff(now, keep.minutes), last_day))


def least_until(policies: Policies, now: int) -> int:
    """Return before when (µs) readings may go at all while the disk is filling up."""
    return cutoff(now, min(policies.leasts, default=0))
