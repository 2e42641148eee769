"""The registry of devices and series: edits, lists, states, and the removal of what is deleted."""

from devices.registry.edits import accept, connect, delete, reject

__all__ = ["accept", "connect", "delete", "reject"]
