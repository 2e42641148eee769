"""Committing batches: one transaction each, on PostgreSQL or SQLite."""

from django.db import connections

from devices.storage.dialect import Dialect
from devices.storage.sqlite import SQLite


def dialect() -> Dialect:
    """Return the SQL of the configured database."""
    if connections["default"].vendor != "postgresql":
        return SQLite()
    # psycopg is not in the lock that `make demo` installs.
    from devices.storage.postgresql import PostgreSQL

    return PostgreSQL()
