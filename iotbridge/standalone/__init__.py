"""The whole product in one process, on SQLite."""
