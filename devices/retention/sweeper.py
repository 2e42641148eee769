"""Removing what no policy keeps: a background service of one elected process, in bounded steps.

The lease's state says where a pass stands:

| key | type | meaning |
|---|---|---|
| `done` | list | what the last finished pass was made for (`_wanted`); then there is no other key |
| `wanted` | list | what the pass under way is made for: day, version of the policies, thinning |
| `at` | int | pk of the last series that was looked at; 0: the pass begins |
| `from` | int | µs: while the disk fills up, the part that ends after this goes next |
| `until` | int | µs: that part's end; 0: the pass goes by the policies alone |
| `rose` | bool | whether this pass found anything to remove before `until` |

| when | then |
|---|---|
| `done` is what is wanted now | rest |
| `wanted` is something else | begin: `at`, `from` and `until` are 0 |
| series are left | raise the floors of a page of them, delete rows step by step, move `at` |
| none is left, `until` is 0 | note `done` |
| none is left, `until` is set | give back the part's room; then the next part, or `from` anew |
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from django.db import connection, transaction

from devices.background import leases
from devices.background.leases import Lease, LeaseLost
from devices.background.services import LeasedService, Pace
from devices.changelog import changes
from devices.database_clock import database_micros
from devices.jobs import files
from devices.models import RetentionPolicy, Series
from devices.registry import edit_log
from devices.retention import disk, parts
from devices.retention.policies import DAY_US, Policies, Target, least_until, targets
from devices.rollups import CONSUMER as ROLLUPS
from devices.rollups import levels
from devices.rollups.levels import HOUR, MINUTE, QUARTER_HOUR
from devices.storage import removal

# Series that are looked at in a step; rows that one statement deletes.
PAGE, ROWS = 2_000, 5_000
_CHUNK = 400
State = dict[str, Any]


class Sweeper(LeasedService):
    """Removes what is too old while it holds the lease."""

    name = "retention"
    thread = "upkeep"
    pace = Pace(idle=30.0, more=0.05)

    def __init__(self, holder: str, clock: Callable[[], int] | None = None) -> None:
        """Prepare.

        Args:
            holder: the process' name.
            clock: µs since 1970 UTC; the database's own by default.
        """
        super().__init__(holder)
        self.disk = disk.Disk()
        # Rows that went, and whole partitions.
        self.removed = 0
        self.dropped = 0
        self._clock = clock or database_micros
        self._waiting: list[Target] = []

    def step(self) -> bool:
        """Do a bounded piece of work; return whether there is more to do at once.

        A pass over all series is made once a day, when a policy has changed, and as long
        as the disk is filling up.

        Raises:
            LeaseLost: another process took over; nothing was committed.
        """
        self.disk = disk.look()
        return super().step()

    def status(self) -> dict[str, Any]:
        """Return how full the disk is."""
        return {"disk": asdict(self.disk)}

    def work(self) -> bool:
        """Go on with the pass, or begin one that is due."""
        if self._waiting:
            return self._remove()
        now, thinning = self._clock(), self.disk.state == "thinning"
        if thinning and files.remove_oldest():
            return True  # what can be made again goes before readings
        state, wanted = self._lease.state(), _wanted(now, thinning=thinning)
        if state.get("done") == wanted and not thinning:
            return False
        if state.get("wanted") != wanted:
            state = {"wanted": wanted, "at": 0, "from": 0, "until": 0}
        return self._decide(state, now)

    @property
    def is_done(self) -> bool:
        """Return whether the pass of today, by the policies of now, came to its end."""
        thinning = self.disk.state == "thinning"
        wanted = _wanted(self._clock(), thinning=thinning)
        return bool(self._lease.state().get("done") == wanted)

    def _decide(self, state: State, now: int) -> bool:
        """Decide for the next series."""
        policies = Policies()
        if self.disk.state == "thinning" and not state["until"]:
            limit = least_until(policies, now)
            state["until"] = disk.oldest_part(state["from"], limit)
            state["rose"] = False
        found = targets(policies, now, state["at"], PAGE, state["until"])
        if not found:
            return self._end_pass(state)
        rose = raise_floors(self._lease, found)
        if rose is None:
            return False  # rollups are behind: they need the readings first
        if rose:
            state["rose"] = True
            self.dropped += parts.drop_ended(max(target.raw for target in found))
        self._waiting = _with_rows(found)
        if not self._waiting:
            state["at"] = found[-1].series
        self._lease.commit(state)
        return True

    def _end_pass(self, state: State) -> bool:
        """Note that all series were seen; while the disk fills up, go on with the next part."""
        self.dropped += parts.drop_ended(self._clock())
        if not state["until"]:
            self._lease.commit({"done": state["wanted"]})
            return False
        if state.get("rose"):
            parts.shrink(state["until"])
        later = {"from": 0 if state.get("rose") else state["until"], "until": 0, "at": 0}
        self._lease.commit({"wanted": state["wanted"], **later})
        return bool(state.get("rose"))

    def _remove(self) -> bool:
        """Delete some rows of the next series."""
        target = self._waiting[-1]
        with transaction.atomic():
            self._lease.commit()
            gone = _delete(target)
        self.removed += gone
        if gone < ROWS:
            self._waiting.pop()
        return True


def raise_floors(lease: Lease, found: Sequence[Target]) -> int | None:
    """Decide that nothing before its floors is read or taken in again, for each series.

    Returns:
        For how many series; None where rollups are behind, and nothing could be decided.
    """
    rising = [t for t in found if t.raw > t.raw_since or t.quarters > t.quarters_since]
    rising = _with_readings(rising)
    if not rising:
        return 0
    if _unsummed(max(target.raw for target in rising)):
        return None
    with transaction.atomic():
        lease.commit()
        # From here on no batch commits before us.
        edit_log.record(_devices(rising))
        top = max(target.raw for target in rising)
        if _unsummed(top):
            transaction.set_rollback(True)
            return None
        dirty = _dirty(top)
        clean = [target for target in rising if target.series not in dirty]
        Series.objects.bulk_update(
            [Series(pk=t.series, raw_since=t.raw, quarters_since=t.quarters) for t in clean],
            ["raw_since", "quarters_since"],
            batch_size=_CHUNK,
        )
    for target in clean:
        target.raw_since, target.quarters_since = target.raw, target.quarters
    return len(clean)


def _devices(found: Sequence[Target]) -> list[int]:
    """Return the pks of the devices of these series."""
    series = Series.objects.filter(pk__in=[target.series for target in found])
    return list(series.values_list("device_id", flat=True).distinct().order_by())


def _unsummed(until: int) -> bool:
    """Return whether there is news of times before `until` (µs) that the roller has not read."""
    state = leases.state(ROLLUPS)
    if not state or state.get("backfill") is not None or state.get("until", 0) < until:
        return True
    return bool(changes.older_than(state["position"], until, 1))


def _dirty(until: int) -> set[int]:
    """Return the series of which quarters before `until` are to be summed up yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT series_id FROM devices_dirty WHERE bucket < %s", [until])
        return {pk for (pk,) in cursor.fetchall()}


def _with_readings(found: Sequence[Target]) -> list[Target]:
    """Return the targets that have readings to lose, or quarters."""
    raw = _having("devices_reading", "ts", [(t.series, t.raw) for t in found])
    quarters = _having(QUARTER_HOUR.table, "bucket", [(t.series, t.quarters) for t in found])
    return [t for t in found if t.series in raw or t.series in quarters]


def _with_rows(found: Sequence[Target]) -> list[Target]:
    """Return the targets of which rows are to be deleted."""
    lost = (
        _having("devices_reading", "ts", [(t.series, t.raw_since) for t in found])
        | _having(MINUTE.table, "bucket", [(t.series, t.minutes) for t in found])
        | _having(QUARTER_HOUR.table, "bucket", [(t.series, t.quarters_since) for t in found])
        | _having(HOUR.table, "bucket", [(t.series, t.hours_since) for t in found])
    )
    return [t for t in found if t.series in lost]


def _having(table: str, column: str, floors: Sequence[tuple[int, int]]) -> set[int]:
    """Return the series that have rows before their floor: one index descent each."""
    asked = [pair for pair in floors if pair[1]]
    found: set[int] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(asked), _CHUNK):
            chunk = asked[start : start + _CHUNK]
            cursor.execute(
                f"WITH v(s, a) AS (VALUES {', '.join(['(%s, %s)'] * len(chunk))}) "
                f"SELECT v.s FROM v WHERE EXISTS (SELECT 1 FROM {table} r "
                f"WHERE r.series_id = v.s AND r.{column} < v.a)",
                [part for pair in chunk for part in pair],
            )
            found |= {pk for (pk,) in cursor.fetchall()}
    return found


def _delete(target: Target) -> int:
    """Delete at most `ROWS` rows of a series, readings first; return how many went."""
    room = ROWS
    for table, column, floor in (
        (removal.READINGS, "ts", target.raw_since),
        (MINUTE.table, "bucket", target.minutes),
        (QUARTER_HOUR.table, "bucket", target.quarters_since),
        (HOUR.table, "bucket", target.hours_since),
    ):
        if floor and room:
            if table == MINUTE.table:
                levels.forget_minutes(target.series, floor)
            room -= removal.remove_before(table, column, target.series, floor, room)
    return ROWS - room


def _wanted(now: int, *, thinning: bool) -> list[Any]:
    """Return what a pass is made for: a day, the policies, and whether the disk fills up."""
    return [now // DAY_US, _version(), thinning]


def _version() -> str:
    """Return what changes when a policy changes."""
    rows = list(RetentionPolicy.objects.order_by("pk").values())
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:16]


def run_once(sweeper: Sweeper, on_step: Callable[[Sweeper], object], seconds: float = 60.0) -> bool:
    """Make one pass now, for a person; return whether it came to its end.

    Waits up to `seconds` for rollups, which must have read what is to be removed, and
    for another process that holds the lease.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            more = sweeper.step()
        except LeaseLost:
            more = False  # another process has it: it goes on there
        if more:
            until = time.monotonic() + seconds
            on_step(sweeper)
            continue
        if sweeper.is_done:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
