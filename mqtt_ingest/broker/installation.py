"""Under which names this installation is known to its broker.

Two installations with one client id on one broker would each get part of the packets. So a
new one makes its names once, by chance, and keeps them in the database, where workers on
other machines find them; an older one keeps what it has, as the broker queues under it.
"""

from typing import NamedTuple

from django.conf import settings

from mqtt_ingest.models import Installation


class Names(NamedTuple):
    """What slots connect as, before the slot's number; and the group they share by."""

    client_id: str
    group: str


def read() -> Names:
    """Return the settings' names, else those that the database keeps; made where none are."""
    kept, _made = Installation.objects.get_or_create(pk=1)
    return Names(
        settings.MQTT_CLIENT_ID or kept.client_id, settings.MQTT_SHARED_GROUP or kept.group
    )
