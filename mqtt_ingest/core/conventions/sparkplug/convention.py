"""What nodes and devices publish, read by their births.

| state of a node | on | then |
|---|---|---|
| unknown | NBIRTH | its metrics and aliases are remembered, it is online, its devices wait |
| unknown | data with names | stored as it is |
| unknown | data by alias alone | dead letter `no_birth`; a rebirth is asked for, if allowed |
| born | NBIRTH | as above: births of its devices are forgotten |
| born | DBIRTH | metrics and aliases of the device are remembered, it is online |
| born | data | read by the birth; a gap in `seq` asks for a rebirth, if allowed |
| born | NDEATH with the birth's bdSeq | offline, and with it all that speaks through it |
| born | NDEATH with another bdSeq | nothing: the last will of an earlier connection |
| born | DDEATH | the device is offline |

Births are stored; the last `seq` is not: whoever takes over accepts the next one.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from pydantic import Field

from devices import units
from mqtt_ingest.core.conventions.base import Convention, Options
from mqtt_ingest.core.conventions.recognising import Evidence, Observation
from mqtt_ingest.core.conventions.sparkplug.payload import (
    DATETIME,
    Metric,
    Payload,
    Value,
    members,
    read,
    varint,
)
from mqtt_ingest.core.conventions.state import State
from mqtt_ingest.core.descriptions import (
    MAX_NAME,
    MAX_SERIES,
    Description,
    Kind,
    SeriesDescription,
    bound,
)
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Packet, Request
from mqtt_ingest.core.records import ABSENT, Record, take

# Metrics of a device, and devices, of which the last time and births are at hand.
MAX_KNOWN, MAX_DEVICES, MAX_IN_ALL = 10_000, 20_000, 300_000
# Nodes whose `seq` is followed; where there is no room for a birth, one of so many goes.
MAX_NODES, FORGOTTEN = 5_000, 20
_CONTROLS = frozenset(
    {"bdSeq", "Node Control/Rebirth", "Node Control/Reboot", "Node Control/Next Server"}
)
_KINDS: dict[type, Kind] = {bool: "boolean", int: "number", float: "number", str: "text"}
_QUALITIES_WITHOUT_VALUE = frozenset({0, 500})
# NCMD with `Node Control/Rebirth` = true (datatype Boolean).
_REBIRTH = b"\x12\x1a\x0a\x14Node Control/Rebirth\x20\x0b\x70\x01"


class SparkplugOptions(Options):
    """What is subscribed, and what may be published."""

    groups: tuple[str, ...] = Field(default=(), description="Groups; empty: all of them.")
    rebirth: bool = Field(
        default=False,
        description="Ask nodes for a rebirth where one is needed: publishes to your broker.",
    )


class Sparkplug(Convention):
    """Births, data by alias, deaths."""

    name: ClassVar[str] = "sparkplug_b"
    label: ClassVar[str] = "Sparkplug B"
    Options: ClassVar[type[Options]] = SparkplugOptions
    is_stateful: ClassVar[bool] = True

    def __init__(self, options: Any = None, state: State | None = None) -> None:
        """Prepare to read the packets of one Source."""
        super().__init__(options, state)
        groups = self.options.groups or ("+",)
        self.shared_filters = (*(f"spBv1.0/{group}/+/+/#" for group in groups), "spBv1.0/STATE/#")
        # Node -> the last seq; device or node -> its birth, as it is looked up.
        self._seq: dict[str, int] = {}
        self._births: dict[str, dict[int | str, tuple[str, int | None]]] = {}
        # Device -> metric -> its last ms, and the first value of that.
        self._last: dict[str, dict[str, tuple[int, object]]] = {}
        # Node -> its devices that were born.
        self._devices: dict[str, set[str]] = {}
        for key, _told in self.state.items("birth:"):
            native_id = key.removeprefix("birth:")
            node = "/".join(native_id.split("/")[:2])
            if native_id != node:
                self._devices.setdefault(node, set()).add(native_id)
        # How many came to be known since they were forgotten.
        self._number = 0
        # When the packet that is read came, in µs.
        self._now = 0

    @classmethod
    def recognise(cls, observed: Sequence[Observation]) -> Evidence | None:
        """Recognise the namespace."""
        topics = [one.topic for one in observed if one.topic.startswith("spBv1.0/")]
        return ({}, [f"topics such as {topics[0]}"]) if topics else None

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        """Return what `packet` says of a node or a device; None where it is not of Sparkplug."""
        levels = packet.topic.split("/")
        if levels[:2] == ["spBv1.0", "STATE"]:
            return []  # of hosts: they are no devices
        if levels[0] != "spBv1.0" or len(levels) not in {4, 5} or "" in levels:
            return None
        _namespace, group, kind, *path = levels
        node, native_id = f"{group}/{path[0]}", "/".join([group, *path])
        if kind not in _READERS or (kind[0] == "D") != (len(path) == 2):
            return []
        if len(packet.payload) > limits.payload_bytes:
            raise Undecodable("too_large", f"{len(packet.payload)} bytes")
        self._now = packet.received_at
        payload = read(packet.payload)
        message = DeviceMessage(native_id)
        _READERS[kind](self, message, payload, node)
        if kind.endswith(("BIRTH", "DATA")):
            self._take(message, packet, payload, limits)
        return [message]

    # --- births and deaths --------------------------------------------------
    def _birth(self, message: DeviceMessage, payload: Payload, node: str) -> None:
        native_id = message.native_id
        if native_id == node:
            for device in self._devices.pop(node, set()):
                self._forget(device)
            self._remember(f"bdseq:{node}", _bdseq(payload))
            self._note_seq(node, payload.seq or 0)
        else:
            self._look_at_seq(node, payload)
        told = [[one.alias, one.name, one.datatype] for one in payload.metrics if one.name]
        self._remember(f"birth:{native_id}", told)
        self._births.pop(native_id, None)
        if native_id != node:
            self._devices.setdefault(node, set()).add(native_id)
        message.status = "online"
        message.description = _described(message, payload, node)

    def _remember(self, key: str, value: object) -> None:
        """Keep a value; where there is no room for it, births that nobody uses make some."""
        if self.state.is_full_for(key, value):
            self._make_room()
        self.state.put(key, value)

    def _make_room(self) -> None:
        """Forget a part of the births: of those that no data came by the newest, else the oldest.

        Whoever may publish may be born as often as they like: they push themselves out.
        """
        births = [key.removeprefix("birth:") for key, _told in self.state.items("birth:")]
        known = frozenset(births)
        silent = [native_id for native_id in reversed(births) if native_id not in self._births]
        used = [native_id for native_id in self._births if native_id in known]
        for native_id in [*silent, *used][: max(1, len(births) // FORGOTTEN)]:
            self._forget(native_id)
            node = "/".join(native_id.split("/")[:2])
            devices = self._devices.get(node, set())
            devices.discard(native_id)
            if not devices:
                self._devices.pop(node, None)
            self.state.put(f"bdseq:{native_id}", None)

    def _note_seq(self, node: str, seq: int) -> None:
        if len(self._seq) >= MAX_NODES and node not in self._seq:
            self._seq.clear()
        self._seq[node] = seq

    def _forget(self, native_id: str) -> None:
        self.state.put(f"birth:{native_id}", None)
        self._births.pop(native_id, None)
        self._last.pop(native_id, None)

    def _node_death(self, message: DeviceMessage, payload: Payload, node: str) -> None:
        born, dead = self.state.get(f"bdseq:{node}"), _bdseq(payload)
        if born is None or dead is None or born % 256 == dead % 256:
            message.status = "offline"
            self._seq.pop(node, None)
        else:
            message.is_about = True

    def _device_death(self, message: DeviceMessage, payload: Payload, node: str) -> None:
        self._look_at_seq(node, payload)
        message.status = "offline"

    def _data(self, message: DeviceMessage, payload: Payload, node: str) -> None:
        self._look_at_seq(node, payload)
        if message.native_id not in self._births:
            if len(self._births) >= MAX_DEVICES:
                self._births.pop(next(iter(self._births)))
            self._births[message.native_id] = self._read_birth(message.native_id)
        else:
            # Those that data comes by are forgotten last.
            self._births[message.native_id] = self._births.pop(message.native_id)

    def _read_birth(self, native_id: str) -> dict[int | str, tuple[str, int | None]]:
        """Return (name, datatype) of each metric of a birth, by alias and by name."""
        told = self.state.get(f"birth:{native_id}", [])
        found: dict[int | str, tuple[str, int | None]] = {}
        for alias, name, datatype in told:
            found[name] = (name, datatype)
            if alias is not None:
                found[alias] = (name, datatype)
        return found

    def _look_at_seq(self, node: str, payload: Payload) -> None:
        """Ask for a rebirth where packets of the node are missing."""
        if payload.seq is None:
            return
        before = self._seq.get(node)
        # The same once more is a packet that was sent again.
        if before is not None and (payload.seq - before) % 256 > 1:
            self._ask(node)
        self._note_seq(node, payload.seq)

    def _ask(self, node: str) -> None:
        if self.options.rebirth:
            group, name = node.split("/", 1)
            # An NCMD has a timestamp, in ms (tck-id-payloads-ncmd-timestamp).
            payload = b"\x08" + varint(self._now // 1_000) + _REBIRTH
            self.requests.append(Request(f"spBv1.0/{group}/NCMD/{name}", payload, "rebirth"))

    # --- values -------------------------------------------------------------
    def _take(
        self, message: DeviceMessage, packet: Packet, payload: Payload, limits: Limits
    ) -> None:
        by_time: dict[int, dict[str, object]] = {}
        unknown = 0
        for number, (name, given, value) in enumerate(self._values(message, payload)):
            if number >= limits.samples:
                raise Undecodable("too_many_samples", f"more than {limits.samples} values")
            if name is None:
                unknown += 1
            else:
                ts = self._apart(message.native_id, payload, name, given, value)
                by_time.setdefault(ts, {})[name] = value
        for index, (ts, values) in enumerate(by_time.items()):
            record = Record(values, ts or ABSENT)
            take(message, packet, index, record, limits)
        if unknown:
            node = "/".join(message.native_id.split("/")[:2])
            self._ask(node)
            told = f"{unknown} metrics by aliases that no birth has told"
            if not message.samples:
                raise Undecodable("no_birth", told)
            message.bad.append(("", told))

    def _apart(self, device: str, payload: Payload, name: str, given: int, value: object) -> int:
        """Return the time of a value in µs; 0: it has none.

        Times are of whole ms, and a change may follow a birth within the same one: what comes
        later with another value is told apart by its `seq`.
        """
        if not given:
            return 0
        if len(name) > MAX_NAME:
            return given * 1_000
        if len(self._last) >= MAX_DEVICES and device not in self._last:
            self._last.clear()
        of_device = self._last.setdefault(device, {})
        first = of_device.get(name)
        # Names and values may be of any length, and of any number.
        mark = hash(value) if isinstance(value, str) else value
        if first is None or first[0] != given:
            if first is None:
                self._remember_one(of_device)
            of_device[name] = (given, mark)
        elif first[1] != mark:
            return given * 1_000 + (payload.seq or 0) + 1
        return given * 1_000

    def _remember_one(self, of_device: dict[str, tuple[int, object]]) -> None:
        """Make room for one more metric, of this device and of all together."""
        if len(of_device) >= MAX_KNOWN:
            of_device.clear()
        self._number += 1
        if self._number > MAX_IN_ALL:
            for known in self._last.values():
                known.clear()
            self._number = 0

    def _values(
        self, message: DeviceMessage, payload: Payload
    ) -> Iterator[tuple[str | None, int, object]]:
        """Yield name, ms and value of each metric; no name: its alias is not known."""
        births = self._births.get(message.native_id, {})
        count = 0
        for outer in payload.metrics:
            known = births.get(outer.name or outer.alias or 0)
            if not outer.name:
                if known is None:
                    yield None, 0, None
                    continue
                outer.name = known[0]
            for one in members(outer):
                count += 1
                if count > MAX_KNOWN:
                    raise Undecodable("too_many_samples", f"more than {MAX_KNOWN:,} members")
                if one.name in _CONTROLS or one.is_transient or not _is_good(one):
                    continue
                given = one.timestamp or payload.timestamp or 0
                value = one.value(known[1] if known else None)
                for name, item in _parts(one.name, value):
                    yield name, given, item


def _parts(name: str, value: Value) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        yield from ((f"{name}.{place}", item) for place, item in enumerate(value))
    elif value is not None:
        yield name, value


def _is_good(metric: Metric) -> bool:
    quality = metric.properties.get("Quality", metric.properties.get("quality"))
    return quality not in _QUALITIES_WITHOUT_VALUE


def _bdseq(payload: Payload) -> int | None:
    for metric in payload.metrics:
        if metric.name == "bdSeq":
            value = metric.value()
            return int(value) if isinstance(value, int | float) else None
    return None


def _described(message: DeviceMessage, payload: Payload, node: str) -> Description:
    """Return what a birth says of its sender: parent, units, kinds, limits."""
    told = (one for outer in payload.metrics for one in members(outer))
    series = {
        one.name: _series(one)
        for one in islice(told, MAX_SERIES)
        if one.name not in _CONTROLS and len(one.name) <= MAX_NAME
    }
    path = message.native_id.split("/")
    return Description(
        name=path[-1], parent=node if message.native_id != node else "", series=series
    )


def _series(metric: Metric) -> SeriesDescription:
    told: Mapping[str, Any] = metric.properties
    unit = next(
        (told[name] for name in ("engUnit", "EngUnit", "units", "unit") if name in told), ""
    )
    spelt = unit if isinstance(unit, str) else ""
    kind = None if metric.datatype == DATETIME else _KINDS.get(type(metric.value()))
    return SeriesDescription(
        unit=units.normalised(spelt),
        unit_as_sent=spelt,
        kind=kind,
        minimum=bound(told.get("engLow")),
        maximum=bound(told.get("engHigh")),
        label=str(told.get("documentation", "") or ""),
    )


_READERS = {
    "NBIRTH": Sparkplug._birth,  # noqa: SLF001 - a table of the class above
    "DBIRTH": Sparkplug._birth,  # noqa: SLF001
    "NDATA": Sparkplug._data,  # noqa: SLF001
    "DDATA": Sparkplug._data,  # noqa: SLF001
    "NDEATH": Sparkplug._node_death,  # noqa: SLF001
    "DDEATH": Sparkplug._device_death,  # noqa: SLF001
}
