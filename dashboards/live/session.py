"""One client of the live socket: its frames, its subscriptions, and who sends their news.

One coroutine sends all state frames, by `dashboards.live.sender`.

| subscription | what it shows | what sends it |
|---|---|---|
| `series`, `latest` | readings of series | `Subscription`, `_show` |
| `fleet` | counts by site | `FleetChannel` |
| `jobs` | the person's jobs | `JobsChannel` |
| `room`, `me` | notes and who is here; notes that name the person | `RoomChannel` |
| `alarms` | what is on, and each alarm that changes | `AlarmChannel` |
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from django.conf import settings
from django.db import DataError, Error

from dashboards.live import snapshot_frames, snapshots
from dashboards.live.alarm_channel import AlarmChannel
from dashboards.live.encoded_events import EncodedEvent
from dashboards.live.frames import (
    KINDS,
    MAX_SUBSCRIPTIONS,
    BadFrame,
    Kind,
    Subscribe,
    parse_id,
    parse_subscribe,
)
from dashboards.live.hub import Hub
from dashboards.live.reconciliation import Lost
from dashboards.live.rooms import Presence, Room, RoomChannel
from dashboards.live.sender import Sender, now_ms
from dashboards.live.side_channels import FleetChannel, JobsChannel
from dashboards.live.snapshots import devices_named
from dashboards.live.subscriptions import Subscription
from dashboards.read_pool import in_thread
from devices.access import Scope
from devices.monitoring.heartbeats import as_of_health, reading_now_us
from devices.monitoring.losses import Gap
from devices.queries import QueryTooLong, SeriesInfo
from devices.registry.states import states_of

logger = logging.getLogger(__name__)

# Between tries of a read that takes too long, in s.
MAX_BACKOFF_SECONDS = 300.0
# A page shows most series in several ways: so many keys of its subscriptions for each series.
KEYS_PER_SERIES = 4


class LiveSession:
    """The protocol of one socket, without the socket itself."""

    def __init__(
        self,
        hub: Hub,
        *,
        scope: Scope,
        send: Callable[[str], Awaitable[None]],
        owner: str = "",
        jobs: Callable[[], list[dict[str, Any]]] = list,
        kinds: Collection[Kind] = KINDS,
        user: Any = None,
    ) -> None:
        """Prepare a session.

        Args:
            hub: of the event loop.
            scope: what the person may see.
            send: sends one text frame.
            owner: whose it is; their sockets are counted.
            jobs: reads the person's jobs.
            kinds: what the person may subscribe.
            user: the person, where it is one.
        """
        self._kinds = kinds
        self.scope = scope
        self.owner = owner
        self._sender = Sender(send)
        self._hub = hub
        self._subscriptions: dict[int, Subscription] = {}
        self._fleet = FleetChannel()
        self._jobs = JobsChannel(jobs)
        self.rooms = RoomChannel(user)
        self.alarms = AlarmChannel(user)
        self._joined: set[int] = set()
        self._paused = False
        # Set when somebody's rights changed: whoever owns the session looks at this person's.
        self.rights_due = asyncio.Event()
        # Set when ingest went, or came back: the next heartbeat does not wait for its time.
        self.health_due = asyncio.Event()
        self._wake = asyncio.Event()

    # --- frames from the client ---------------------------------------------
    async def hello(self) -> None:
        """Send the first frame."""
        await self._sender.send(
            {
                "t": "hello",
                "v": 1,
                "now": now_ms(),
                "ahead_ms": self._hub.health["ahead_ms"],
                "heartbeat_ms": settings.LIVE_HEARTBEAT_MS,
                "window": settings.LIVE_WINDOW,
                "limits": {
                    "series": settings.LIVE_MAX_SERIES,
                    "rate_hz": settings.LIVE_MAX_RATE_HZ,
                },
                "build": settings.VERSION,
            }
        )

    async def on_frame(self, frame: dict[str, Any]) -> None:
        """Act on one client frame.

        Raises:
            BadFrame: answered by `err`.
        """
        match frame["t"]:
            case "sub":
                self._subscribe(parse_subscribe(frame, settings.LIVE_MAX_RATE_HZ, self._kinds))
            case "unsub":
                await self._unsubscribe(parse_id(frame))
            case "rx":
                self._sender.on_credit(frame.get("seq"))
            case "ping":
                await self._sender.send({"t": "pong", "now": now_ms()})
            case "pause":
                self._paused = True
            case "resume":
                self._paused = False
                self._wake.set()
            case "auth":
                return
            case unknown:
                raise BadFrame("bad_request", f"there is no frame type {unknown[:40]!r}")

    def _subscribe(self, wanted: Subscribe) -> None:
        kinds = (
            *(self._subscriptions, self._fleet.subscriptions, self._jobs.subscriptions),
            *(self.rooms.rooms, self.rooms.me, self.alarms.subscriptions),
        )
        known = {sub for kind in kinds for sub in kind}
        if wanted.id not in known and len(known) >= MAX_SUBSCRIPTIONS:
            raise BadFrame("too_many", f"{MAX_SUBSCRIPTIONS} subscriptions are allowed", wanted.id)
        others = (one.wanted.keys for id_, one in self._subscriptions.items() if id_ != wanted.id)
        most = KEYS_PER_SERIES * settings.LIVE_MAX_SERIES
        if len(wanted.keys) + sum(map(len, others)) > most:
            raise BadFrame("too_many", f"{most} keys are allowed on a socket", wanted.id)
        self._drop(wanted.id)
        if wanted.kind == "fleet":
            self._fleet.subscribe(wanted.id)
            self._hub.look_again()
        elif wanted.kind == "jobs":
            self._jobs.subscribe(wanted.id)
        elif wanted.kind == "alarms":
            self.alarms.subscribe(wanted.id, wanted.match)
        elif wanted.kind in {"room", "me"}:
            self._subscribe_to_notes(wanted)
        else:
            self._subscriptions[wanted.id] = Subscription(wanted, wanted.after)
        self._wake.set()

    def _subscribe_to_notes(self, wanted: Subscribe) -> None:
        if wanted.kind == "me":
            self.rooms.me[wanted.id] = None
        else:
            self.rooms.rooms[wanted.id] = Room(*wanted.room, seq=wanted.note)
        self.rooms.due = True

    async def _unsubscribe(self, sub: int) -> None:
        self._drop(sub)
        await self._rejoin()

    def _drop(self, sub: int) -> None:
        self._subscriptions.pop(sub, None)
        self._fleet.subscriptions.pop(sub, None)
        self._jobs.subscriptions.pop(sub, None)
        self.alarms.subscriptions.pop(sub, None)
        self.rooms.drop(sub)

    # --- news ---------------------------------------------------------------
    def stored(self, event: EncodedEvent) -> None:
        """Take what was committed of a device."""
        for subscription in self._subscriptions.values():
            if event.device in subscription.devices and subscription.take(event):
                self._wake.set()

    @property
    def shown_series(self) -> dict[int, SeriesInfo]:
        """Return the series that are subscribed, by pk."""
        return {
            pk: info
            for subscription in self._subscriptions.values()
            for pk, info in subscription.infos.items()
        }

    def repair(self, lost: Lost) -> None:
        """Read what was lost again."""
        for subscription in self._subscriptions.values():
            subscription.repair(lost)
            if subscription.has_news:
                self._wake.set()

    def start_over(self) -> None:
        """Send everything anew: nothing that was shown need be there any more."""
        for subscription in self._subscriptions.values():
            subscription.anew = True
            subscription.reload()
        self._fleet.due = True
        self._wake.set()

    def series_began(self, devices: dict[int, int]) -> None:
        """Have wildcards read again that new series (pk to its device) fall under."""
        for subscription in self._subscriptions.values():
            if any(
                device in subscription.wildcards and pk not in subscription.infos
                for pk, device in devices.items()
            ):
                subscription.reload()
                self._wake.set()

    def devices_changed(self, devices: set[int]) -> None:
        """Show the states of `devices` anew."""
        for subscription in self._subscriptions.values():
            ours = devices & subscription.devices.keys()
            subscription.changed_devices |= ours
            if ours:
                self._wake.set()

    def note_gaps(self, gaps: list[Gap]) -> None:
        """Take what was lost lately of the devices that somebody shows."""
        for subscription in self._subscriptions.values():
            subscription.note_gaps(gaps)
            if subscription.unsent_gaps:
                self._wake.set()

    @property
    def wants_fleet(self) -> bool:
        """Return whether fleet counts are subscribed."""
        return bool(self._fleet.subscriptions)

    def look_at_jobs(self) -> None:
        """Show the jobs anew, if any are subscribed."""
        if self._jobs.subscriptions:
            self._jobs.due = True
            self._wake.set()

    @property
    def is_idle(self) -> bool:
        """Return whether nobody looks at the page."""
        return self._paused

    def look_at_notes_after(self, newest: int, presence: Presence) -> None:
        """Show notes, and who is here, where there are newer ones than `newest`, or others."""
        if self.rooms.is_behind(newest, presence.here):
            self.rooms.due = True
            self._wake.set()

    def look_at_alarms_after(self, newest: int) -> None:
        """Show alarms, where any has changed since number `newest` was not reached yet."""
        if self.alarms.is_behind(newest):
            self.alarms.due = True
            self._wake.set()

    def fleet_changed(self) -> None:
        """Show fleet counts anew; devices that match may have come."""
        for subscription in self._subscriptions.values():
            if subscription.wanted.match is not None:
                subscription.reload()
        self._fleet.due = True
        self._wake.set()

    async def take_rights(self, scope: Scope) -> None:
        """Resolve subscriptions again that show other devices now: `ack` denies what was lost."""
        self.scope, self._fleet.due = scope, True
        self.rooms.due = self.rooms.is_used
        self.alarms.start_over()
        self._wake.set()
        for subscription in list(self._subscriptions.values()):
            wanted = subscription.wanted
            devices = await in_thread(lambda wanted=wanted: devices_named(wanted, scope))  # type: ignore[misc]
            if devices.keys() != subscription.devices.keys():
                subscription.reload()

    # --- sending ------------------------------------------------------------
    async def run(self) -> None:
        """Send what there is to send, until cancelled.

        Raises:
            SlowClient: no credit for too long.
        """
        self._hub.enter(self)
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                if not self._paused:
                    await self._flush()
        finally:
            self._hub.leave(self, self._joined)

    async def _flush(self) -> None:
        next_due = 0.0
        interval = max(self._hub.pace.interval, self._sender.interval)
        for subscription in list(self._subscriptions.values()):
            if not subscription.has_news:
                continue
            now, due = time.monotonic(), subscription.due(interval)
            if due > now and not subscription.needs_snapshot:
                next_due = min(next_due or due, due)
                continue
            subscription.last_sent = now
            await self._show(subscription)
        if self._fleet.due:
            await self._fleet.show(self._sender, self.scope, self._hub.fleet)
        if self._jobs.due:
            await self._jobs.show(self._sender)
        if self.rooms.due:
            await self.rooms.show(self._sender, self.scope, self._hub.presence.here)
        if self.alarms.due:
            await self.alarms.show(self._sender, self.scope)
            if self.alarms.due:
                next_due = next_due or time.monotonic() + 1.0
        if next_due:
            delay = max(0.0, next_due - time.monotonic())
            asyncio.get_running_loop().call_later(delay, self._wake.set)

    async def _show(self, subscription: Subscription) -> None:
        try:
            if subscription.needs_snapshot:
                await self._show_all(subscription)
            else:
                await self._show_news(subscription)
        except BadFrame as error:
            self._subscriptions.pop(subscription.wanted.id, None)
            await self._sender.refuse(error)
        except DataError as error:
            self._subscriptions.pop(subscription.wanted.id, None)
            await self._sender.refuse(BadFrame("bad_request", str(error), subscription.wanted.id))
        except QueryTooLong as error:
            # Perhaps the database was busy: told, and tried again, ever less often.
            await self._sender.refuse(BadFrame("too_many", str(error), subscription.wanted.id))
            subscription.backoff_s = min(2 * subscription.backoff_s, MAX_BACKOFF_SECONDS)
            self._again_later(subscription, subscription.backoff_s)
        except Error as error:
            logger.info("A socket cannot read: %s", error)
            self._again_later(subscription, 1.0)

    def _again_later(self, subscription: Subscription, seconds: float) -> None:
        subscription.buffered = None
        asyncio.get_running_loop().call_later(seconds, self._read_again, subscription)

    def _read_again(self, subscription: Subscription) -> None:
        subscription.needs_snapshot = True
        self._wake.set()

    async def _show_all(self, subscription: Subscription) -> None:
        """Join first, then read, then apply what came meanwhile: nothing falls between."""
        wanted = subscription.wanted
        await self._hub.ready()
        subscription.devices = await in_thread(lambda: devices_named(wanted, self.scope))
        await self._rejoin()
        await self._sender.wait_for_credit()
        reloads = subscription.reloads
        subscription.begin_buffering()
        shown = self._shown_beside(subscription)
        has, subscription.anew = None if subscription.anew else subscription.has, False
        room = int(settings.LIVE_MAX_SERIES) - len(shown)
        now_us = reading_now_us(self._hub.health)
        snapshot = await in_thread(
            lambda: snapshots.read(wanted, self.scope, now_us, room, has, shown)
        )
        self._hub.show(snapshot.infos)
        subscription.begin(snapshot, last=reloads == subscription.reloads)
        await self._rejoin()
        await self._sender.send(subscription.ack(snapshot))
        as_of = as_of_health(self._hub.health_now)
        states = await in_thread(lambda: states_of(snapshot.devices, as_of))
        states = subscription.reached(states)
        for frame in snapshot_frames.frames(snapshot, wanted.id, subscription.index, states):
            await self._sender.send_state(frame)
        subscription.sent()
        await self._show_gaps(subscription)

    async def _show_gaps(self, subscription: Subscription) -> None:
        """Say what could not be delivered: never silence."""
        for frame in subscription.gap_frames():
            await self._sender.send_state(frame)

    def _shown_beside(self, subscription: Subscription) -> set[int]:
        """Return the series that other subscriptions show."""
        others = (other for other in self._subscriptions.values() if other is not subscription)
        return {pk for other in others for pk in other.infos}

    async def _show_news(self, subscription: Subscription) -> None:
        await self._sender.wait_for_credit()  # so that the frame tells the newest there is
        confirmed = self._hub.confirmed
        changed, subscription.changed_devices = subscription.changed_devices, set()
        again: dict[int, list[list[Any]]] | None = {}
        if subscription.invalidated:
            again = await in_thread(subscription.read_again)
        if again is None:
            subscription.needs_snapshot = True
            self._wake.set()
            return
        states = {
            subscription.devices[pk]: self._hub.states[pk]
            for pk in changed
            if pk in subscription.devices and pk in self._hub.states
        }
        frame = subscription.update_frame(again, subscription.reached(states), confirmed)
        if frame is not None:
            await self._sender.send_text(frame)
        await self._show_gaps(subscription)

    async def _rejoin(self) -> None:
        """Be in exactly the groups of the devices that are subscribed."""
        wanted = {pk for sub in self._subscriptions.values() for pk in sub.devices}
        more, less = wanted - self._joined, self._joined - wanted
        self._joined = wanted
        if more or less:
            await self._hub.watch(self, more, less)

    async def heartbeat(self) -> None:
        """Send `hb`: the link lives, and how the pipeline is."""
        await self._sender.send({"t": "hb", "now": now_ms(), "ingest": self._hub.health_now})

    async def refuse(self, error: BadFrame) -> None:
        """Answer a frame that cannot be served."""
        await self._sender.refuse(error)
