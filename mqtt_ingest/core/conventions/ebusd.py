"""ebusd: `ebusd/{circuit}/{message}`; https://github.com/john30/ebusd/wiki/3.3.-MQTT-client."""

from collections.abc import Mapping
from typing import Any, ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence
from mqtt_ingest.core.payloads import decode_text
from mqtt_ingest.core.reading import parse
from mqtt_ingest.core.records import Record

# States of a sensor beside a value that mean that the value is void.
_VOID = frozenset({"cutoff", "circuit", "break", "short"})


def _message(said: Said) -> None:
    if not said.packet.payload:
        return
    device, message = said.topic["device"], said.topic["message"].replace("/", ".")
    value = parse(said.packet, said.limits)
    if isinstance(value, dict):
        fields = {name: _bare(one) for name, one in value.items()}
        if _VOID & {str(one) for one in fields.values()}:
            fields = {k: v for k, v in fields.items() if not isinstance(v, int | float)}
        said.read(device, {message: fields})
    elif isinstance(value, str) and ";" in value:
        parts = decode_text(said.packet.payload, said.limits).strip().split(";")
        if not _VOID & set(parts):
            said.take(device, Record({f"{message}.{n}": one for n, one in enumerate(parts)}))
    else:
        said.read(device, value, message)


def _bare(field: Any) -> Any:
    return field.get("value") if isinstance(field, dict) else field


class Ebusd(Layout):
    """Messages of each circuit, in text or JSON."""

    name: ClassVar[str] = "ebusd"
    label: ClassVar[str] = "ebusd"
    bases = ("ebusd",)
    rules = (
        presence("{base}/global/running", "{base}", online=("true",), offline=("false",)),
        *nothing("{base}/global/version|scan|updatecheck|signal", "{base}/{message*}/get"),
        *nothing("{base}/{message*}/set", "{base}/{message*}/list", "{base}/list"),
        Rule(topic="{base}/{device}/{message*}", read=_message, tells=True),
    )
    units: ClassVar[Mapping[str, str]] = {"uptime": "s"}
