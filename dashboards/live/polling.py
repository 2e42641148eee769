"""The live protocol without a socket: what subscriptions show now, asked for again and again.

For networks whose proxies refuse WebSockets. The frames are those of the socket, and
`after` works as it does there: whoever asks again is sent what it missed.
"""

import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.conf import settings

from dashboards.live import alarm_channel, snapshot_frames, snapshots
from dashboards.live.frames import (
    KINDS,
    MAX_SUBSCRIPTIONS,
    BadFrame,
    Kind,
    Subscribe,
    bare_ack,
    parse_subscribe,
)
from dashboards.live.subscriptions import Subscription
from dashboards.logbook import places, reading
from devices.access import Scope
from devices.monitoring import heartbeats
from devices.queries import QueryTooLong, take_rows
from devices.registry import listing
from devices.registry.states import AsOf, states_of

Frame = dict[str, Any]


def answer(
    subs: list[Frame],
    scope: Scope,
    jobs: Callable[[], list[dict[str, Any]]],
    kinds: Collection[Kind] = KINDS,
    user: Any = None,
) -> Iterator[Frame]:
    """Yield the frames that answer `subs`, then a heartbeat.

    Args:
        subs: `sub` frames of the live protocol.
        scope: what the person may see.
        jobs: reads the person's jobs.
        kinds: what the person may subscribe.
        user: the person, where it is one.
    """
    shown: set[int] = set()
    ingest = heartbeats.ingest_health()
    as_of, now_us = heartbeats.as_of_health(ingest), heartbeats.reading_now_us(ingest)
    too_long: QueryTooLong | None = None
    for given in subs[:MAX_SUBSCRIPTIONS]:
        sub = given.get("id")
        try:
            if too_long is not None:
                raise too_long
            wanted = parse_subscribe(given, settings.LIVE_MAX_RATE_HZ, kinds)
            yield from _show(wanted, scope, jobs, user, shown, as_of, now_us)
        except (BadFrame, QueryTooLong) as error:
            # What one answer may cost is spent: the others are not tried.
            too_long = error if isinstance(error, QueryTooLong) else None
            code = error.code if isinstance(error, BadFrame) else "too_many"
            yield {"t": "err", "id": sub, "code": code, "msg": str(error)}
    now = time.time_ns() // 1_000_000
    yield {"t": "hb", "now": now, "ingest": ingest}


def _show(
    wanted: Subscribe,
    scope: Scope,
    jobs: Callable[[], list[dict[str, Any]]],
    user: Any,
    shown: set[int],
    as_of: AsOf,
    now_us: int,
) -> list[Frame]:
    """Return the frames of one subscription; its series are added to `shown`."""
    if wanted.kind == "fleet":
        sites = listing.fleet_of(scope, listing.fleet(as_of))
        return [bare_ack(wanted.id), {"t": "upd", "id": wanted.id, "sites": sites}]
    if wanted.kind == "alarms":
        named = user is not None and user.is_authenticated
        counts, changed, _upto = alarm_channel.read(wanted.match, 0, scope, named=named)
        told = {"counts": counts, "alarms": changed, "whole": True}
        return [bare_ack(wanted.id), {"t": "upd", "id": wanted.id, **told}]
    if wanted.kind in {"room", "me"}:
        return _notes(wanted, scope, user)
    if wanted.kind == "jobs":
        return [bare_ack(wanted.id), {"t": "upd", "id": wanted.id, "jobs": jobs()}]
    room = int(settings.LIVE_MAX_SERIES) - len(shown)
    snapshot = snapshots.read(wanted, scope, now_us, room, wanted.after, shown)
    shown.update(snapshot.infos)
    take_rows(sum(len(columns.ts) for columns in snapshot.columns.values()))
    subscription = Subscription(wanted)
    subscription.begin(snapshot, last=True)
    states = subscription.reached(states_of(snapshot.devices, as_of))
    frames = [subscription.ack(snapshot)]
    frames += snapshot_frames.frames(snapshot, wanted.id, subscription.index, states)
    frames += subscription.gap_frames()
    return frames


def _notes(wanted: Subscribe, scope: Scope, user: Any) -> list[Frame]:
    """Return notes of a room, or those that name the person; who is there only sockets know."""
    if wanted.kind == "me":
        told: Frame = {"mentions": reading.mentions(user, scope)}
    else:
        try:
            place = places.find(*wanted.room, user, scope)
        except LookupError as error:
            raise BadFrame("bad_request", "no such room", wanted.id) from error
        told = {"notes": reading.in_room(place, wanted.note, user, scope), "here": []}
    return [bare_ack(wanted.id), {"t": "upd", "id": wanted.id, **told}]
