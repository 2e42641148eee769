"""Making Sources of proposals; what is there already is added to, and never replaced."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from devices.models import Broker, Source
from mqtt_ingest.core.discovery import TEMPLATES, SourceProposal

# The Source that holds what was found by structure.
STRUCTURE = "structure"


def accept(
    proposals: Iterable[SourceProposal], broker: str = "", *, may_change: bool = True
) -> list[Source]:
    """Make or extend Sources; devices that they bring need nobody to accept them.

    Args:
        proposals: what is to be read.
        broker: where; it is switched on. "" is that of the settings.
        may_change: whether Sources that are there may be added to, and switched on.

    Returns:
        The Sources, in the order of the proposals.

    Raises:
        Broker.DoesNotExist: somebody has just deleted it.
        ValidationError: a Source cannot be made, or may not be changed.
    """
    with transaction.atomic():
        row = Broker.objects.get(name=broker) if broker else None
        if row is not None:
            row.enabled = True
            row.save()
        return [_accept(one, row, may_change=may_change) for one in proposals]


def accept_told(
    proposals: Iterable[Mapping[str, Any]], broker: str = "", *, may_change: bool = True
) -> list[str]:
    """Do the same with proposals as JSON has them; return the Sources' names."""
    found = [
        SourceProposal(one["convention"], "", dict(one["options"]), [], []) for one in proposals
    ]
    return [source.name for source in accept(found, broker, may_change=may_change)]


def _accept(proposal: SourceProposal, broker: Broker | None, *, may_change: bool) -> Source:
    name = STRUCTURE if proposal.convention == TEMPLATES else proposal.convention
    slug = "-".join([name.replace("_", "-"), *([broker.name] if broker else [])])[:46]
    known = Source.objects.filter(name=slug, convention=proposal.convention, broker=broker)
    source = known.first()
    if source is None:
        source = Source(name=_free(slug), convention=proposal.convention, broker=broker)
        source.registration = Source.Registration.ACCEPT
    elif not may_change:
        words = _("The Source %s is there already, and you may not change it.")
        raise ValidationError(words % source.name)
    source.options = _joined(source.options, proposal.options)
    source.enabled = True
    source.full_clean()
    source.save()
    return source


def _free(slug: str) -> str:
    """Return a name that no Source has."""
    taken = set(Source.objects.values_list("name", flat=True))
    numbered = (f"{slug}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in [slug, *numbered] if name not in taken)


def _joined(before: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return options with those of both, lists put together."""
    made = dict(before)
    for name, value in new.items():
        own = made.get(name)
        if isinstance(value, list) and isinstance(own, list):
            made[name] = [*own, *(one for one in value if one not in own)]
        elif name not in made:
            made[name] = value
    return made
