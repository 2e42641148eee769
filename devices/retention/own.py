"""The policies that belong to one series or one site alone, as people set them."""

from collections.abc import Iterable

from devices.models import RetentionPolicy, Series, Site
from devices.models.retention import FIELDS


def of_series(series: Iterable[Series]) -> dict[int, RetentionPolicy]:
    """Return the policy of each of `series`, by pk: one that says nothing where there is none."""
    rows = list(series)
    found = {row.series_id: row for row in RetentionPolicy.objects.filter(series__in=rows)}
    return {row.pk: found.get(row.pk) or RetentionPolicy(series=row) for row in rows}


def of_site(site: Site) -> RetentionPolicy:
    """Return the policy of `site`: one that says nothing where there is none."""
    return RetentionPolicy.objects.filter(site=site).first() or RetentionPolicy(site=site)


def keep(policy: RetentionPolicy) -> None:
    """Store `policy`; where it says nothing, remove it."""
    if any(getattr(policy, name) is not None for name in FIELDS):
        policy.save()
    elif policy.pk:
        policy.delete()
