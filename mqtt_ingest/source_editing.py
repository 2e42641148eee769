"""What pages may do with a Source: its options as fields, dry runs, and kept packets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet

from devices.models import Source
from devices.models.slot_names import prefix_of
from devices.source_port import OptionField, Tried, TryOut
from mqtt_ingest import brokers, conf, dead_letters, option_fields
from mqtt_ingest.core import conventions
from mqtt_ingest.core.discovery import TEMPLATES, propose_sources
from mqtt_ingest.core.packets import DeviceMessage, Packet
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.router import Route
from mqtt_ingest.core.structure.observations import Sample
from mqtt_ingest.core.topics import matches
from mqtt_ingest.finding import accepting
from mqtt_ingest.finding.listening import CannotListen, listen
from mqtt_ingest.models import DeadLetter
from mqtt_ingest.sources import filters_of

# Of a dry run: topics shown, values of each, characters of a payload.
SHOWN, SHOWN_VALUES, SHOWN_PAYLOAD = 60, 12, 300
SHOWN_UNREAD = 30
# Kept packets that are looked at, the newest; and how long they are read for at once.
LOOKED_AT, REPLAY_SECONDS = 5_000, 20.0


class SourceEditing:
    """Answers pages; see `devices.source_port.SourcePort`."""

    def label(self, convention: str) -> str:
        """Return what a convention is called."""
        try:
            return conventions.find(convention).label or convention
        except LookupError:
            return convention

    def fields(self, source: Source) -> list[OptionField]:
        """Return the options of the convention of `source`, with its values."""
        return option_fields.fields(source)

    def options(self, source: Source, given: Mapping[str, bool | str]) -> dict[str, Any]:
        """Return options as they are stored."""
        return option_fields.options(source, given)

    def try_out(self, source: Source, seconds: float) -> TryOut:
        """Read what comes by the broker of `source`, and what is kept, without storing it."""
        broker = source.broker.name if source.broker else ""
        others = [one for one in conf.routes(broker) if one.source != source.name]
        router = Router([*others, _route(source)])
        found = TryOut()
        sample = Sample()
        try:
            sample = listen(brokers.find(broker), seconds)
        except (CannotListen, LookupError) as error:
            found.problem = str(error)
        newest = {one.topic: one.packets[-1] for one in sample if one.packets}
        for letter in islice(_kept(source), SHOWN):
            for packet in dead_letters.packets_of(letter):
                if packet.topic not in newest:
                    _note(found, packet, router, source.name, is_kept=True)
        for packet in newest.values():
            _note(found, packet, router, source.name)
        return found

    def kept(self, source: Source) -> int:
        """Return how many kept packets there are that `source` may read."""
        filters = _route(source).filters
        kept = _letters(source).values_list("topic", "number")[:LOOKED_AT]
        return sum(number for topic, number in kept if _comes_by(filters, topic))

    def read_kept(self, source: Source) -> str:
        """Store kept packets that can be read now; return what became of them, in words."""
        try:
            return dead_letters.replay(_kept(source), REPLAY_SECONDS).words()
        except dead_letters.BusyError as error:
            return str(error)

    def example(self, letter: int) -> tuple[str, dict[str, Any]]:
        """Return by which broker a kept packet came, and options with a template for it."""
        found = DeadLetter.objects.filter(pk=letter).first()
        if found is None:
            raise LookupError(letter)
        sample = Sample()
        for packet in dead_letters.packets_of(found):
            sample.add(packet)
        proposed = propose_sources(sample, conf.limits(), without=conventions.names())
        own = next((one.options for one in proposed if one.convention == TEMPLATES), None)
        broker = dead_letters.broker_of(found)
        return broker, own or {"templates": [{"topic": found.topic, "device": found.topic}]}

    def joined(self, one: OptionField, more: Any) -> OptionField:
        """Return an option with `more`, as options are stored, in front of its value."""
        if one.kind != "yaml" or not more:
            return one
        return replace(one, value=option_fields.dump(more) + str(one.value))

    def accept(
        self, proposals: Sequence[Mapping[str, Any]], broker: str, *, may_change: bool = True
    ) -> list[str]:
        """Make Sources of what was proposed at `broker`; return their names."""
        return accepting.accept_told(proposals, broker, may_change=may_change)


def _route(source: Source) -> Route:
    made = conventions.make(source.convention, source.options)
    spread, ordered = filters_of(source, made)
    filters = (*spread, *ordered)
    # A Source that reads nothing yet must not be asked for everything.
    return Route(source.name, made, conf.limits(source), filters or ("$none",))


def _kept(source: Source) -> Iterator[DeadLetter]:
    """Yield kept packets that nobody could read, and that come by filters of `source`."""
    filters = _route(source).filters
    # A few at a time: their payloads may be large.
    for letter in _letters(source)[:LOOKED_AT].iterator(50):
        if _comes_by(filters, letter.topic):
            yield letter


def _comes_by(filters: Sequence[str], topic: str) -> bool:
    return any(matches(one, topic) for one in filters)


def _letters(source: Source) -> QuerySet[DeadLetter]:
    prefix = prefix_of(source.broker.name if source.broker else "")
    unread = Q(reason="no_route") | Q(source=source.name)
    return DeadLetter.objects.filter(unread, slot__startswith=prefix).order_by("-received_at")


def _note(
    found: TryOut, packet: Packet, router: Router, source: str, *, is_kept: bool = False
) -> None:
    """Add what `packet` would become."""
    entry = decode(replace(packet, retain=False), router)
    if not entry.source:
        if len(found.unread) < SHOWN_UNREAD:
            found.unread.append(packet.topic)
        return
    if entry.source != source or len(found.packets) >= SHOWN:
        return
    lines = tuple(_lines(entry.messages)) if entry.messages is not None else ()
    is_read = bool(lines)
    told = lines or (
        f"{entry.reason}: {entry.detail}" if entry.messages is None else "nothing to store",
    )
    text = packet.payload[:SHOWN_PAYLOAD].decode("utf-8", "backslashreplace")
    found.packets.append(Tried(packet.topic, text, told, is_read, is_kept))


def _lines(messages: Sequence[DeviceMessage]) -> Iterator[str]:
    for message in messages:
        if message.status:
            yield f"{message.native_id}: {message.status}"
        said = message.description.series if message.description else {}
        for sample in message.samples[:SHOWN_VALUES]:
            value = sample.text if sample.value is None else f"{sample.value:g}"
            unit = said[sample.metric].unit if sample.metric in said else ""
            yield f"{message.native_id}/{sample.metric} = {value}{f' {unit}' if unit else ''}"
        for metric, problem in message.bad[:SHOWN_VALUES]:
            yield f"{message.native_id}/{metric}: {problem}"
