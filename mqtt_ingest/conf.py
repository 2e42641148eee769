"""The limits on packets, and the routes of Sources, as workers use them."""

from collections.abc import Sequence
from datetime import tzinfo

from django.conf import settings

from devices.datetime_texts import zone_or_utc
from devices.models import Identity, Source
from mqtt_ingest import sources
from mqtt_ingest.core.limits import MICROSECONDS, Limits
from mqtt_ingest.core.router import Route
from mqtt_ingest.core.sharing import Filters
from mqtt_ingest.core.topics import uncovered


def limits(source: Source | None = None) -> Limits:
    """Return the limits on packets that the settings, and its own fields for `source`, give."""
    clock = source.clock if source else "sane"
    return Limits(
        payload_bytes=settings.MAX_PAYLOAD_BYTES,
        nesting=settings.MAX_NESTING,
        samples=settings.MAX_SAMPLES_PER_PACKET,
        array_elements=settings.MAX_ARRAY_ELEMENTS,
        text_length=settings.MAX_TEXT_LENGTH,
        clock="arrival" if clock == "arrival" else "sane",
        retention=settings.RETENTION_DAYS * 86_400 * MICROSECONDS,
        zone=zone_or_utc(source.zone if source else ""),
        zones=_zones(source) if source else {},
        spread_equal=bool(source and source.spread_equal),
        numbers_in_text=settings.NUMBERS_IN_TEXT,
        no_reading=settings.NO_READING_WORDS,
    )


def _zones(source: Source) -> dict[str, tzinfo]:
    """Return the zones of the source's devices that have one of their own, by native id."""
    named = Identity.objects.filter(source=source).exclude(device__zone="")
    return {
        native_id: zone_or_utc(name)
        for native_id, name in named.values_list("native_id", "device__zone")
    }


def routes(broker: str = "") -> list[Route]:
    """Return how the packets of each enabled source of `broker` are read."""
    return read_sources(broker)[0]


def filters(broker: str = "") -> Filters:
    """Return the topic filters of all enabled sources of `broker`."""
    return read_sources(broker)[1]


def read_sources(broker: str = "", now: Sequence[Route] = ()) -> tuple[list[Route], Filters]:
    """Return both, read at once.

    What must stay in order (status, discovery, what is spread by arrival), and sources that
    may not be shared or that remember, belong to slot 0 alone.

    Args:
        broker: its name; "" is that of the settings.
        now: the routes in use: what their conventions remember stays.
    """
    usable = list(sources.usable(broker, {route.source: route.convention for route in now}))
    spread = [name for one in usable if _is_shared(one) for name in one.spread]
    ordered = [name for one in usable if not _is_shared(one) for name in one.spread]
    ordered += [name for one in usable for name in one.ordered]
    routes = [
        Route(one.source.name, one.convention, limits(one.source), (*one.spread, *one.ordered))
        for one in usable
    ]
    alone = uncovered(tuple(ordered))
    return routes, Filters(list(uncovered(tuple(spread), alone)), list(alone))


def _is_shared(one: sources.Usable) -> bool:
    return one.source.shared and not (one.source.spread_equal or one.convention.is_stateful)
