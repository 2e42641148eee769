"""Errors of the ingest core.

IngestError
├── Undecodable    a packet that becomes a dead letter: reason, detail, position
├── Malformed      bytes that are no MQTT: the connection is closed
├── BadTime        a device time that cannot be read; arrival time is used instead
└── SlotLost       the writer's epoch moved on: roll back, acknowledge nothing
    └── WentBack   the database is in an older state than the writer left it in
"""


class IngestError(Exception):
    """Anything the core refuses."""


class Undecodable(IngestError):
    """A packet from which no reading can be made.

    Args:
        reason: a fixed word, counted and shown (`not_utf8`, `not_json` ...).
        detail: what was wrong, for people.
        position: byte or character offset in the payload, where known.
    """

    def __init__(self, reason: str, detail: str, position: int | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.position = position


class Malformed(IngestError):
    """The broker's bytes are no MQTT control packet."""


class BadTime(IngestError):
    """A device time of the wrong type or outside the calendar."""


class SlotLost(IngestError):
    """Another worker holds the slot now."""


class WentBack(SlotLost):
    """The database went back: a standby that was behind took over, or a backup was restored."""


class NotPublished(IngestError):
    """A packet of ours did not get to the broker, as far as is known."""
