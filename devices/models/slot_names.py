"""Names of slots, which are those of their writers."""

import re
from typing import NamedTuple, Self

from django.conf import settings

from devices.models.brokers import broker_names

_NAME = re.compile(r"(?:(?P<broker>[a-z0-9-]+)-)?ingest-(?P<number>\d+)\Z", re.ASCII)


class SlotName(NamedTuple):
    """A slot of a broker; "" is the one that the settings name."""

    broker: str
    number: int

    @property
    def text(self) -> str:
        """Return the name of its writer: `ingest-0`, or `{broker}-ingest-0`."""
        return f"{prefix_of(self.broker)}{self.number}"

    @classmethod
    def read(cls, writer: str) -> Self | None:
        """Return the slot that `writer` is; None: it is none."""
        found = _NAME.match(writer)
        return cls(found["broker"] or "", int(found["number"])) if found else None


def prefix_of(broker: str) -> str:
    """Return what the names of a broker's slots begin with."""
    return f"{broker}-ingest-" if broker else "ingest-"


def slot_names() -> list[str]:
    """Return the names of all slots that there are to be."""
    return [
        SlotName(broker, number).text
        for broker in broker_names()
        for number in range(settings.MQTT_SLOTS)
    ]
