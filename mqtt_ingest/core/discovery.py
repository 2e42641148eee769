"""From a sample of a broker's packets to Sources: conventions first, structure for the rest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mqtt_ingest.core import conventions
from mqtt_ingest.core.conventions.by_template import MAX_TEMPLATES
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.pipeline import decode
from mqtt_ingest.core.router import Route, Router
from mqtt_ingest.core.structure.learner import Proposal, propose
from mqtt_ingest.core.structure.observations import Observed, Sample

TEMPLATES = "templates"


@dataclass(slots=True)
class SourceProposal:
    """A Source that would read some of the topics.

    Args:
        convention: its name.
        label: of the convention, for people.
        options: of the Source.
        reasons: why, in words.
        topics: of the sample, that it would read.
        templates: with their own reasons, of what follows no convention.
    """

    convention: str
    label: str
    options: dict[str, Any]
    reasons: list[str]
    topics: list[str] = field(default_factory=list)
    templates: list[Proposal] = field(default_factory=list)


def propose_sources(
    sample: Sample, limits: Limits, known: Sequence[Route] = (), *, without: Iterable[str] = ()
) -> list[SourceProposal]:
    """Return Sources for what `known` ones do not read.

    Args:
        sample: of packets.
        limits: on what is read.
        known: Sources that there are already.
        without: names of conventions that are not looked for.
    """
    router = Router(known)
    observed = [one for one in sample if not (_is_ours(one) or _is_read(one, router))]
    found = _recognised(observed, frozenset(without))
    router = Router([*known, *(_route(one, limits) for one in found)])
    rest: list[Observed] = []
    for one in observed:
        source = _source_of(one, router)
        if source is None:
            rest.append(one)
        else:
            next(each for each in found if each.convention == source).topics.append(one.topic)
    found = [one for one in found if one.topics]
    templates = _largest([one for one in propose(rest) if one.topics])
    if templates:
        options = {"templates": [_short(one.template) for one in templates]}
        reasons = ["no convention claims these topics; their structure tells how to read them"]
        topics = [topic for one in templates for topic in one.topics]
        found.append(SourceProposal(TEMPLATES, "", options, reasons, topics, templates))
    return found


def _largest(templates: list[Proposal]) -> list[Proposal]:
    """Return as many as a Source takes, those of most topics, in their order."""
    if len(templates) <= MAX_TEMPLATES:
        return templates
    largest = sorted(range(len(templates)), key=lambda place: -len(templates[place].topics))
    return [templates[place] for place in sorted(largest[:MAX_TEMPLATES])]


def _short(template: Any) -> dict[str, Any]:
    """Return a template without what is as usual."""
    return dict(template.model_dump(exclude_defaults=True))


def _is_ours(one: Observed) -> bool:
    """Return whether a topic is that of a canary of ours, which is nobody's device."""
    return one.topic.startswith("iotbridge/canary/")


def _is_read(one: Observed, router: Router) -> bool:
    return bool(router.routes) and _source_of(one, router) is not None


def _source_of(one: Observed, router: Router) -> str | None:
    """Return the Source that claims the topic, by the first packet that is not empty."""
    told = [packet for packet in one.packets if packet.payload] or one.packets[:1]
    entries = [decode(packet, router) for packet in told[:2]]
    claimed = [entry.source for entry in entries if entry.source]
    return claimed[0] if claimed else None


def _route(one: SourceProposal, limits: Limits) -> Route:
    made = conventions.make(one.convention, one.options)
    return Route(one.convention, made, limits, (*made.shared_filters, *made.ordered_filters))


def _recognised(observed: Sequence[Observed], without: frozenset[str]) -> list[SourceProposal]:
    found = []
    for name in conventions.names():
        if name in without or name == TEMPLATES:
            continue
        kind = conventions.find(name)
        evidence = kind.recognise(observed)
        if evidence is not None:
            options, reasons = evidence
            found.append(SourceProposal(name, kind.label, _plain(options), reasons))
    return found


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in options.items()
    }
