"""The threads that talk to the database, and a connection that the server ends."""

import time

import pytest
from django.db import connection, connections, transaction
from pytest_django import DjangoDbBlocker

from devices.background.database_thread import DatabaseThread, Unreachable
from tests.support.services import PostgreSQL

pytestmark = pytest.mark.services


@pytest.fixture
def _on_postgresql(postgresql_service: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new threads connect to a PostgreSQL, whatever database the tests run on."""
    made = {
        **connections.settings["default"],
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "HOST": "127.0.0.1",
        "PORT": postgresql_service.port,
        "OPTIONS": {},
    }
    monkeypatch.setitem(connections.settings, "default", made)


def freeze() -> None:
    """Stand still within a transaction for longer than the server lets us."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '50ms'")
        time.sleep(0.5)
        cursor.execute("SELECT 1")


def ask() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 2")
        return int(cursor.fetchone()[0])


@pytest.mark.usefixtures("_on_postgresql")
async def test_a_connection_that_the_server_ended_is_made_anew(
    django_db_blocker: DjangoDbBlocker,
) -> None:
    with django_db_blocker.unblock():
        thread = DatabaseThread("test")
        with pytest.raises(Unreachable, match="idle-in-transaction"):
            await thread.run(freeze)
        assert await thread.run(ask) == 2
        await thread.close()
