"""Tables of SQLite that are kept by their key alone, as one tree of pages instead of two."""

import re
from typing import Any


def without_rowid(editor: Any, table: str) -> None:
    """Make `table`, whose key is of several columns, anew WITHOUT ROWID; on SQLite alone.

    For migrations. Indexes of the table other than its key are lost.

    Args:
        editor: the migration's schema editor.
        table: its name.
    """
    if editor.connection.vendor != "sqlite":
        return
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", [table])
        (made,) = cursor.fetchone()
        if made.upper().endswith("WITHOUT ROWID"):
            return
        new = re.sub(rf'"{table}"', f'"{table}_new"', made, count=1)
        cursor.execute(f"{new} WITHOUT ROWID")
        cursor.execute(f'INSERT INTO "{table}_new" SELECT * FROM "{table}"')
        cursor.execute(f'DROP TABLE "{table}"')
        cursor.execute(f'ALTER TABLE "{table}_new" RENAME TO "{table}"')
