"""United Manufacturing Hub: `umh/v1/{location}/_{contract}/{tag}`.

https://umh.docs.umh.app/docs/datamodel/messages/
"""

from dataclasses import replace
from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said
from mqtt_ingest.core.reading import USUAL, parse

_STYLE = replace(USUAL, time_keys=("timestampms", "timestamp"))
# Contracts of orders and the like are no time series.
_RELATIONAL = ("_work-order", "_product", "_shift", "_local")


def _tag(said: Said) -> None:
    value = parse(said.packet, said.limits)
    if said.topic["contract"].startswith(_RELATIONAL) or not isinstance(value, dict):
        return
    if any(name in value for name in ("timestamp_ms", "timestamp")):
        metric = said.topic["metric"].replace("/", ".")
        said.read(said.topic["device"], value, metric, _STYLE)


class Umh(Layout):
    """Tags of a unified namespace, by location."""

    name: ClassVar[str] = "umh"
    label: ClassVar[str] = "United Manufacturing Hub"
    rules = (
        Rule(topic="umh/v1/{device*}/{contract:_[^/]+}/{metric*}", read=_tag, tells=True),
        Rule(topic="umh/v1/{device*}/{contract:_[^/]+}", read=None),
    )
