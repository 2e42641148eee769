"""Migrates an empty database, killed again and again; `python -m` with DATABASE_URL set.

Each attempt is a child that is killed at a statement, each a little later than the one before;
what is done stays done. Prints how often it was killed.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable

import django

# More than all statements of all migrations.
MOST = 4_000


def attempt(kill_at: int) -> bool:
    """Migrate in a child that is killed at its `kill_at`th statement; return if it ended before."""
    child = os.fork()
    if child == 0:
        _in_child(kill_at)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    if os.WEXITSTATUS(status):
        sys.exit(f"killed at statement {kill_at} of a run, it can never be finished")
    return True


def applied() -> int:
    """Return how many migrations are recorded."""
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    try:
        return len(MigrationRecorder(connection).applied_migrations())
    finally:
        connection.close()  # not to be shared with children


def _in_child(kill_at: int) -> None:
    from django.core.management import call_command
    from django.db.backends.signals import connection_created

    count = 0

    def counted(execute: Callable[..., object], *given: object) -> object:
        nonlocal count
        count += 1
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*given)

    def watch(connection: object, **_given: object) -> None:
        connection.execute_wrappers.append(counted)  # type: ignore[attr-defined]

    try:
        connection_created.connect(watch)
        call_command("migrate", interactive=False, verbosity=0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(step: int) -> None:
    """Kill every `step`th statement of each migration, and of what comes after all of them."""
    django.setup()
    kills = kill_at = done = 0
    while kills < MOST:
        kill_at += step
        if attempt(kill_at):
            print(kills)
            return
        kills += 1
        if (now := applied()) > done:
            done, kill_at = now, kill_at % step
    sys.exit("the migrations do not come to an end")


if __name__ == "__main__":
    main(int(sys.argv[1]))
