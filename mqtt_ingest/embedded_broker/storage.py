"""Sessions and retained messages in a file of their own, so that they outlive a restart.

What has changed is written about once a second, on a thread, a slice at a time. What is lost
by kill -9 are deliveries of that second to subscribers, never readings: those are committed
before a publisher is acknowledged.
"""

import asyncio
import base64
import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mqtt_ingest.embedded_broker.protocol.messages import Delivery, Message
from mqtt_ingest.embedded_broker.protocol.packets import Wanted
from mqtt_ingest.embedded_broker.protocol.server import Server
from mqtt_ingest.embedded_broker.protocol.session import Session, Subscription
from mqtt_ingest.embedded_broker.protocol.topics import parse_filter

NAME = "broker.sqlite3"
# Of each kind, so many are written at once; and the loop is others' after so many rows.
SLICE, YIELD_ROWS = 200, 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS retained (
  topic TEXT PRIMARY KEY, payload BLOB, qos INTEGER, properties TEXT, expires_at REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
  client_id TEXT PRIMARY KEY, owner TEXT, expiry REAL, away_since REAL, subscriptions TEXT,
  incoming TEXT, dropped INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivery (
  client_id TEXT, number INTEGER, packet_id INTEGER, is_received INTEGER, qos INTEGER,
  retain INTEGER, identifiers TEXT, since REAL,
  topic TEXT, payload BLOB, properties TEXT, expires_at REAL,
  PRIMARY KEY (client_id, number)
) WITHOUT ROWID;
"""
# Packet id (0: it waits) and whether PUBREC has come.
_Flight = tuple[int, bool]


@dataclass(slots=True)
class _Work:
    """Statements of one transaction, with their parameters."""

    statements: list[tuple[str, list[tuple[Any, ...]]]] = field(default_factory=list)
    rows: int = 0

    def add(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        found = list(rows)
        if found:
            self.rows += len(found)
            self.statements.append((statement, found))


class Storage:
    """The file of one server. Times in it are s since 1970; the server's clock is its own."""

    def __init__(self, folder: Path, server: Server, wall: Callable[[], float] = time.time) -> None:
        """Prepare; `wall` tells s since 1970."""
        self.path = folder / NAME
        self._server = server
        self._wall = wall
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="broker-storage")
        self._file: sqlite3.Connection | None = None
        # What the file has of each session: number of a delivery -> what was written of it.
        self._saved: dict[str, tuple[Session, dict[int, _Flight]]] = {}
        # And the rest of it: a message that waits changes nothing of that.
        self._states: dict[str, Any] = {}

    # --- reading ------------------------------------------------------------
    def load(self) -> None:
        """Read all of the file into the server. Blocks; before anybody connects."""
        self._thread.submit(self._open).result()
        self._thread.submit(self._load).result()
        # What comes out of the file is there already.
        self._server.retained.changed.clear()
        self._server.changed.clear()
        self._load_old()

    def _open(self) -> None:
        self._file = sqlite3.connect(self.path)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.executescript(_SCHEMA)

    def _load(self) -> None:
        assert self._file is not None
        rows = self._file.execute(
            "SELECT topic, payload, qos, properties, expires_at FROM retained"
        )
        for topic, payload, qos, told, expires_at in rows:
            message = self._message(topic, payload, qos, told, expires_at, retain=True)
            self._server.retained.put(message, self._server.clock())
        for row in self._file.execute("SELECT * FROM session ORDER BY away_since").fetchall():
            self._restore(*row)

    def _load_old(self) -> None:
        """Take in what an earlier release has kept: one file of retained messages."""
        old = self.path.with_name("retained.json")
        if old.is_file():
            for topic, (payload, qos) in json.loads(old.read_text()).items():
                message = Message(topic, base64.b64decode(payload), qos or 0, retain=True)
                self._server.retained.put(message, self._server.clock())
            work = _Work()
            self._topics(work, list(self._server.retained.changed))
            self._thread.submit(self._write, work).result()
            self._thread.submit(old.unlink).result()
            self._server.retained.changed.clear()

    def _restore(
        self,
        client_id: str,
        owner: str,
        expiry: float,
        away_since: float | None,
        subscriptions: str,
        incoming: str,
        dropped: int,
    ) -> None:
        session = Session(client_id, owner, self._server.limits, expiry)
        # Of one that was connected it is not known when its client has gone.
        away = 0.0 if away_since is None else max(0.0, self._wall() - away_since)
        session.away_since = self._server.clock() - away
        session.incoming = {int(packet_id): True for packet_id in json.loads(incoming)}
        session.dropped = dropped
        wanted = []
        for given, identifier in json.loads(subscriptions):
            parsed = parse_filter(given[0], self._server.limits)
            if parsed is not None:
                wanted.append((parsed, Subscription(Wanted(*given), identifier)))
        self._saved[client_id] = session, self._restore_deliveries(session)
        self._server.restore(session, wanted)

    def _restore_deliveries(self, session: Session) -> dict[int, _Flight]:
        assert self._file is not None
        saved: dict[int, _Flight] = {}
        rows = self._file.execute(
            "SELECT number, packet_id, is_received, qos, retain, identifiers, topic, payload, "
            "properties, expires_at, since FROM delivery WHERE client_id = ? ORDER BY number",
            [session.client_id],
        )
        for number, packet_id, is_received, qos, retain, identifiers, *message in rows:
            topic, payload, told, expires_at, since = message
            waits = max(0.0, self._wall() - since)
            delivery = Delivery(
                self._message(topic, payload, qos, told, expires_at, retain=bool(retain)),
                qos, bool(retain), tuple(json.loads(identifiers)), number,
                self._server.clock() - waits,
            )  # fmt: skip
            session.restore(delivery, packet_id, is_received=bool(is_received))
            saved[number] = packet_id, bool(is_received)
        return saved

    def _message(
        self,
        topic: str,
        payload: bytes,
        qos: int,
        told: str,
        expires_at: float | None,
        *,
        retain: bool,
    ) -> Message:
        clock = None if expires_at is None else self._to_clock(expires_at)
        return Message(topic, payload, qos, retain, _properties(told), clock)

    # --- writing ------------------------------------------------------------
    async def save(self) -> None:
        """Write all that has changed by now, a slice at a time."""
        topics, names = list(self._server.retained.changed), list(self._server.changed)
        self._server.retained.changed.clear()
        self._server.changed.clear()
        while topics or names:
            slices = topics[:SLICE], names[:SLICE]
            try:
                await self._save(*slices)
            except BaseException:
                # What the file has of them is not known: all of it is written again.
                self._server.retained.changed.update(topics)
                self._server.changed.update(names)
                for name in names:
                    self._saved.pop(name, None)
                    self._states.pop(name, None)
                raise
            del topics[:SLICE], names[:SLICE]

    async def _save(self, topics: list[str], names: list[str]) -> None:
        work = _Work()
        self._topics(work, topics)
        for name in names:
            self._session(work, name)
            if work.rows > YIELD_ROWS:  # others have their turn
                await asyncio.wrap_future(self._thread.submit(self._write, work))
                work = _Work()
        await asyncio.wrap_future(self._thread.submit(self._write, work))

    async def close(self) -> None:
        """Write everything, and close the file."""
        await self.save()
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _write(self, work: _Work) -> None:
        assert self._file is not None
        if not work.statements:
            return
        with self._file:
            for statement, rows in work.statements:
                self._file.executemany(statement, rows)

    def _topics(self, work: _Work, topics: list[str]) -> None:
        kept = [(topic, self._server.retained.get(topic)) for topic in topics]
        work.add("DELETE FROM retained WHERE topic = ?", ((t,) for t, m in kept if m is None))
        work.add(
            "REPLACE INTO retained VALUES (?, ?, ?, ?, ?)",
            (
                (topic, one.payload, one.qos, _text(one.properties), self._from_clock(one))
                for topic, one in kept
                if one is not None
            ),
        )

    def _session(self, work: _Work, client_id: str) -> None:
        session = self._server.sessions.get(client_id)
        before, saved = self._saved.pop(client_id, (None, {}))
        if before is None or before is not session:  # another one of that name: nothing is known
            work.add("DELETE FROM delivery WHERE client_id = ?", [(client_id,)])
            saved = {}
        if session is None or not session.is_kept:
            work.add("DELETE FROM session WHERE client_id = ?", [(client_id,)])
            self._states.pop(client_id, None)
            return
        found = dict(session.deliveries())
        flights = {number: flight for number, (_delivery, flight) in found.items()}
        gone = [(client_id, number) for number in saved if number not in flights]
        work.add("DELETE FROM delivery WHERE client_id = ? AND number = ?", gone)
        work.add(
            "REPLACE INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._row(client_id, delivery, flight)
                for number, (delivery, flight) in found.items()
                if saved.get(number) != flight
            ),
        )
        state = _state(session)
        if before is not session or self._states.get(client_id) != state:
            work.add("REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?, ?)", [self._values(session)])
            self._states[client_id] = state
        self._saved[client_id] = session, flights

    def _values(self, session: Session) -> tuple[Any, ...]:
        away_since = None
        if session.connection is None:
            away_since = self._wall() - (self._server.clock() - session.away_since)
        subscriptions = [[one.wanted, one.identifier] for one in session.subscriptions.values()]
        return (
            *(session.client_id, session.owner, session.expiry),
            away_since,
            json.dumps(subscriptions),
            json.dumps([packet_id for packet_id, done in session.incoming.items() if done]),
            session.dropped,
        )

    def _row(self, client_id: str, delivery: Delivery, flight: _Flight) -> tuple[Any, ...]:
        message = delivery.message
        return (
            *(client_id, delivery.number, *flight, delivery.qos, delivery.retain),
            json.dumps(delivery.identifiers),
            self._wall() - (self._server.clock() - delivery.since),
            *(message.topic, message.payload, _text(message.properties)),
            self._from_clock(message),
        )

    def _from_clock(self, message: Message) -> float | None:
        if message.expires_at is None:
            return None
        return self._wall() + message.expires_at - self._server.clock()

    def _to_clock(self, moment: float) -> float:
        return self._server.clock() + moment - self._wall()


def _state(session: Session) -> Any:
    """Return what is written of a session beside its deliveries, to be compared."""
    return (
        session.expiry,
        session.connection is None,
        session.away_since,
        tuple(session.subscriptions.values()),
        tuple(session.incoming.items()),
        session.dropped,
    )


def _text(told: dict[str, Any]) -> str:
    """Return properties as JSON, bytes in base64."""
    if not told:
        return ""
    return json.dumps(
        {
            name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for name, value in told.items()
        }
    )


def _properties(text: str) -> dict[str, Any]:
    if not text:
        return {}
    told = json.loads(text)
    if "correlation_data" in told:
        told["correlation_data"] = base64.b64decode(told["correlation_data"])
    if "user" in told:
        told["user"] = [(name, value) for name, value in told["user"]]
    return dict(told)
