"""The registry of devices and series: edits, lists, states, and the removal of what is deleted."""

from devices.registry.edits import accept, connect, delete, reject, set_tags

__all__ = ["accept", "connect", "delete", "reject", "set_tags"]
