"""Texts that every database takes: PostgreSQL refuses NUL, and UTF-8 has no lone surrogates."""

import re
from collections.abc import Mapping
from typing import Any

# Deeper values than anybody has; what stores them would fail at some depth.
MAX_LEVELS = 64
_REFUSED = re.compile("[\x00\ud800-\udfff]")


def storable(value: Any, level: int = 0) -> Any:
    """Return a value of JSON, with U+FFFD for what no database takes.

    Raises:
        ValueError: it is nested too deeply.
    """
    if isinstance(value, str):
        return value if value.isprintable() else _REFUSED.sub("\ufffd", value)
    if level > MAX_LEVELS:
        raise ValueError(f"nested more than {MAX_LEVELS} levels")
    if isinstance(value, Mapping):
        return {storable(k): storable(one, level + 1) for k, one in value.items()}
    if isinstance(value, list | tuple):
        return [storable(one, level + 1) for one in value]
    return value
