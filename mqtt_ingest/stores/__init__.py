"""Committing batches: one transaction each, on PostgreSQL or SQLite."""

from django.db import connections

from mqtt_ingest.stores.dialect import Dialect
from mqtt_ingest.stores.sqlite import SQLite


def dialect() -> Dialect:
    """Return the SQL of the configured database."""
    if connections["default"].vendor != "postgresql":
        return SQLite()
    # psycopg is not in the lock that `make demo` installs.
    from mqtt_ingest.stores.postgresql import PostgreSQL

    return PostgreSQL()
