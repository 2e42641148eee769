"""The WebSocket consumer of `/ws/live/`: a socket for a `LiveSession`."""

import asyncio
import logging
import random
import time
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error

from dashboards.live import identity
from dashboards.live.frames import SUBPROTOCOL, BadFrame, dumps, is_text, parse
from dashboards.live.hub import Hub
from dashboards.live.identity import Identity
from dashboards.live.sender import SlowClient
from dashboards.live.session import LiveSession
from dashboards.live.shutdown import before_stop
from dashboards.read_pool import in_thread, reader
from devices.access import throttle
from devices.addresses import client_of_scope
from devices.events import set_within
from devices.queries import QueryTooLong
from devices.timings import RIGHTS_SECONDS, SOCKET_LIFETIME_SECONDS

logger = logging.getLogger(__name__)

AUTH_SECONDS = 5.0
# Sockets that have not said yet who they are; each may send a frame that is looked at.
MAX_WAITING = 200
MAX_FRAMES_PER_SECOND = 100
# autobahn takes those of applications alone.
CLOSE_CODES = {"auth": 4401, "slow": 4008, "restart": 4012, "too_many": 4429}


class LiveConsumer(AsyncWebsocketConsumer):
    """Who is there, what came from where; the protocol itself is in `LiveSession`.

    It has no channel of its own: the process's one, in `dashboards.live.layer_groups`, is in
    the groups of the devices that its sockets show.
    """

    channel_layer_alias = ""
    session: LiveSession | None = None
    identity: Identity | None = None
    # Ends a socket that does not say who it is.
    _anonymous: asyncio.Task[None] | None = None

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler at once.

        Channels' own dispatch first hops to its one shared thread to close old
        connections (187 µs, and a stall while anybody's query runs there); this
        consumer has no connection on it.
        """
        handler = getattr(self, message["type"].replace(".", "_"))
        await handler(message)

    async def connect(self) -> None:
        """Accept, and wait for an identity where the session has none."""
        self._tasks: list[asyncio.Task[None]] = []
        self._forget = before_stop(lambda: self._bye("restart"))
        self._second, self._frames = 0, 0
        offered = self.scope.get("subprotocols", [])
        await self.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        found = await in_thread(lambda: identity.of_page(self.scope))
        if found is not None:
            await self._begin(found)
        else:
            _waiting[self] = None
            self._anonymous = self._start(self._await_identity())
            if len(_waiting) > MAX_WAITING:
                # Whoever has a token shows it at once: the one that has waited longest goes.
                await next(iter(_waiting)).give_up()

    async def _await_identity(self) -> None:
        await asyncio.sleep(AUTH_SECONDS)
        _waiting.pop(self, None)
        await self._bye("auth")

    async def give_up(self) -> None:
        """End a socket that has not said who it is, for others' sake."""
        self._said()
        await self._bye("too_many")

    def _said(self) -> None:
        """Wait for an identity no longer."""
        _waiting.pop(self, None)
        if self._anonymous is not None:
            self._anonymous.cancel()

    async def _begin(self, found: Identity) -> None:
        self.identity = found
        # The tasks of this socket, which begin below, take it along.
        reader.set(found.key)
        full = too_many(Hub.current(), found.key)
        if full:
            await self.send(dumps({"t": "err", "code": "too_many", "msg": full}))
            await self.close(CLOSE_CODES["too_many"])
            return
        scope = await in_thread(found.scope_now)
        if scope is None:
            await self._bye("auth")
            return
        self.session = LiveSession(
            Hub.current(),
            scope=scope,
            send=self.send,
            owner=found.key,
            jobs=found.jobs,
            kinds=found.kinds,
            user=lambda: found.user,
        )
        await self.session.hello()
        for work in (self._run(), self._beat(), self._watch_rights(), self._retire()):
            _task = self._start(work)

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:  # noqa: ARG002
        """Take one client frame."""
        if self._is_flooding():
            await self._bye("slow")
            return
        try:
            if text_data is None:
                raise BadFrame("bad_request", "frames are text")
            await self._take(parse(text_data))
        except BadFrame as error:
            if self.session is not None:
                await self.session.refuse(error)
            else:
                await self.send(dumps({"t": "err", "code": error.code, "msg": error.message}))

    async def _take(self, frame: dict[str, Any]) -> None:
        if self.session is not None:
            await self.session.on_frame(frame)
            return
        token = frame.get("token")
        if frame["t"] != "auth" or not is_text(token):
            raise BadFrame("bad_request", 'the first frame must be {"t":"auth","token":…}')
        # Looking that up may take its time on a busy server.
        self._said()
        found = await in_thread(lambda: self._of_token(str(token)))
        if found is None:
            await self._bye("auth")
        else:
            await self._begin(found)

    def _of_token(self, token: str) -> Identity | None:
        """Return the program that shows `token`; wrong ones are counted with those by HTTP."""
        address = client_of_scope(self.scope)
        found = identity.of_token(token, address)
        if found is not None:
            return found
        if not throttle.wait_of("token", address):
            throttle.failed("token", address)
            throttle.log("token", address)
        return None

    def _is_flooding(self) -> bool:
        second = int(time.monotonic())
        self._frames = self._frames + 1 if second == self._second else 1
        self._second = second
        return self._frames > MAX_FRAMES_PER_SECOND

    async def disconnect(self, _code: int) -> None:
        """End the tasks and leave the groups."""
        self._forget()
        _waiting.pop(self, None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what runs beside ---------------------------------------------------
    async def _run(self) -> None:
        assert self.session is not None
        try:
            await self.session.run()
        except SlowClient:
            await self._bye("slow")
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("A live session failed; its page reconnects")
            await self._bye("restart")

    async def _beat(self) -> None:
        assert self.session is not None
        while True:
            await self.session.heartbeat()
            await set_within(self.session.health_due, settings.LIVE_HEARTBEAT_MS / 1_000)
            self.session.health_due.clear()

    async def _retire(self) -> None:
        """End before the server would, at a time of its own."""
        await asyncio.sleep(SOCKET_LIFETIME_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - spreads load
        await self._bye("restart")

    async def _watch_rights(self) -> None:
        """Look whether the person may still see what is shown: when told, and by time."""
        assert self.session is not None
        assert self.identity is not None
        while True:
            await set_within(self.session.rights_due, RIGHTS_SECONDS)
            self.session.rights_due.clear()
            try:
                scope = await in_thread(self.identity.scope_now)
                if scope is not None:
                    await self.session.take_rights(scope)
                    continue
            except (Error, QueryTooLong) as error:
                logger.info("A socket cannot look at its rights: %s", error)
                continue
            await self._bye("auth")
            return

    async def _bye(self, code: str) -> None:
        await self.send(dumps({"t": "bye", "code": code, "retry_ms": 2_000}))
        await self.close(CLOSE_CODES[code])


# Sockets of this process that have not said yet who they are, in the order they came.
_waiting: dict[LiveConsumer, None] = {}


def too_many(hub: Hub, owner: str) -> str:
    """Return why `owner` may not open one more socket here; "" where they may."""
    if len(hub.sessions) >= settings.LIVE_MAX_SOCKETS:
        return f"this server has {settings.LIVE_MAX_SOCKETS} open pages, and takes no more"
    theirs = sum(session.owner == owner for session in hub.sessions)
    if theirs >= settings.LIVE_MAX_SOCKETS_PER_USER:
        return f"you have {theirs} open pages, {settings.LIVE_MAX_SOCKETS_PER_USER} are allowed"
    return ""
