"""Where SQLite's file is."""

from pathlib import Path

from django.core.management.base import CommandError
from django.db import connection


def database_file(instead: str) -> Path:
    """Return the path of the database.

    Raises:
        CommandError: it is PostgreSQL, for which `instead` is to be used.
    """
    if connection.vendor != "sqlite":
        raise CommandError(f"The database is PostgreSQL: use {instead}.")
    return Path(str(connection.settings_dict["NAME"])).resolve()
