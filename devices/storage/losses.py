"""Recording named losses: what was lost, where, when, and how much, as far as it is known.

Whatever refuses or drops packets by design (a rate limit, the broker's queue limits, a
session the broker forgot) is recorded, so that pages can show it as a gap.
"""

from typing import Literal

from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from devices.models import Loss

Reason = Literal[
    "throttled",
    "session_lost",
    "session_taken",
    "share_forgotten",
    "broker_dropped",
    "database_back",
    "dead_letters_evicted",
    "dead_letters_discarded",
]
# µs. Losses of one kind that are closer together than this are one.
JOIN = 60 * 1_000_000


def record(
    reason: Reason,
    since: int,
    until: int,
    number: int | None,
    *,
    device_id: int | None = None,
    detail: str = "",
) -> None:
    """Record a loss, or prolong the last one of its kind.

    Args:
        reason: the limit or fault that it comes from.
        since: µs since 1970 UTC, when it began.
        until: µs, when it ended.
        number: of packets; None where nobody can know.
        device_id: the device; None where it concerns the whole installation.
        detail: for people.
    """
    device = Q(device__isnull=True) if device_id is None else Q(device_id=device_id)
    last = Loss.objects.filter(
        device, reason=reason, until__gte=since - JOIN, since__lte=until + JOIN
    ).order_by("-until")[:1]
    if number is not None:
        changed = Loss.objects.filter(pk__in=list(last.values_list("pk", flat=True))).update(
            since=Least(F("since"), since),
            until=Greatest(F("until"), until),
            packets=F("packets") + number,
        )
        if changed:
            return
    Loss.objects.create(
        reason=reason,
        device_id=device_id,
        since=since,
        until=until,
        packets=number,
        detail=detail,
    )
