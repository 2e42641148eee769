"""What a convention remembers of one Source: births and aliases, discovery, names.

It is kept by key, each value as JSON, and what a packet changed is stored in the transaction
that stores the packet: whoever takes the slot over knows what its predecessor had committed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from devices.storable import storable
from mqtt_ingest.core.errors import Undecodable

# Whoever may publish makes us remember: so many keys of a Source, of so many characters.
MAX_KEYS, MAX_KEY = 50_000, 500
# What values take in memory, about, in bytes: one of them, and all of a Source.
MAX_VALUE, MAX_ALL = 1_000_000, 64_000_000
_NODE = 64


class State:
    """Values by key; values are what JSON has, and are replaced, never changed in place."""

    def __init__(self, kept: Mapping[str, Any] | None = None, prefix: str = "") -> None:
        """Begin with what was stored.

        Args:
            kept: stored values by key, under which also those of others may be.
            prefix: of our keys where they are stored.
        """
        self._prefix = prefix
        self._values: dict[str, Any] = {
            key.removeprefix(prefix): value
            for key, value in (kept or {}).items()
            if key.startswith(prefix)
        }
        self._weights = {key: weight(value) for key, value in self._values.items()}
        self._weight = sum(self._weights.values())
        self._changed: dict[str, Any] = {}
        # Raised with each change: what was derived from the values is out of date then.
        self.version = 0

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`."""
        return self._values.get(key, default)

    def put(self, key: str, value: Any) -> bool:
        """Remember `value`; return whether it is another one than before. None: forget `key`.

        Raises:
            Undecodable: there is too much to remember, or it is nested too deeply.
        """
        key = storable(key)
        try:
            value = storable(value)
        except ValueError as error:
            raise Undecodable("too_much_state", str(error)) from error
        if self._values.get(key) == value:
            return False
        heavy = 0 if value is None else weight(value)
        if value is None:
            del self._values[key]
        else:
            self._look_for_room(key, heavy)
            self._values[key] = value
        self._weight += heavy - self._weights.pop(key, 0)
        if heavy:
            self._weights[key] = heavy
        self._changed[key] = value
        self.version += 1
        return True

    def is_full_for(self, key: str, value: Any) -> bool:
        """Return whether there is no room for `value` because of all the others."""
        if value is None or len(key) > MAX_KEY:
            return False
        heavy = weight(value)
        if heavy > MAX_VALUE:
            return False
        too_many = key not in self._values and len(self._values) >= MAX_KEYS
        return too_many or self._weight + heavy - self._weights.get(key, 0) > MAX_ALL

    def _look_for_room(self, key: str, heavy: int) -> None:
        if len(key) > MAX_KEY:
            raise Undecodable("too_much_state", f"a name of more than {MAX_KEY} characters")
        if key not in self._values and len(self._values) >= MAX_KEYS:
            raise Undecodable("too_much_state", f"more than {MAX_KEYS:,} things to remember")
        if heavy > MAX_VALUE:
            raise Undecodable("too_much_state", f"it would take more than {MAX_VALUE:,} bytes")
        if self._weight + heavy - self._weights.get(key, 0) > MAX_ALL:
            raise Undecodable("too_much_state", f"more than {MAX_ALL:,} bytes to remember")

    def items(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Yield keys and values of the keys that begin with `prefix`."""
        return ((key, value) for key, value in self._values.items() if key.startswith(prefix))

    def changes(self) -> dict[str, Any] | None:
        """Return what was changed since the last call, as it is stored; None: nothing was."""
        if not self._changed:
            return None
        changed = {f"{self._prefix}{key}": value for key, value in self._changed.items()}
        self._changed = {}
        return changed


def _size(text: str) -> int:
    """Return the bytes of a text: a sign beyond the first 65,536 makes four of each."""
    return len(text) if text.isascii() else 4 * len(text)


def weight(value: Any) -> int:
    """Return about how many bytes of memory a value of JSON takes."""
    if isinstance(value, str):
        return _NODE + _size(value)
    if isinstance(value, dict):
        return _NODE + sum(_NODE + _size(name) + weight(one) for name, one in value.items())
    if isinstance(value, list):
        return _NODE + sum(map(weight, value))
    return _NODE
