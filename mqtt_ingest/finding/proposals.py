"""What a sample would become: proposed Sources with the devices and values that they would read."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from devices import units
from mqtt_ingest import conf
from mqtt_ingest.core import conventions
from mqtt_ingest.core.descriptions import Description
from mqtt_ingest.core.discovery import SourceProposal, propose_sources
from mqtt_ingest.core.keys import readable
from mqtt_ingest.core.packets import DeviceMessage
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.core.router import Route
from mqtt_ingest.core.structure.observations import Sample

# Of a preview.
MAX_DEVICES, MAX_VALUES = 200, 60
MAX_NOTES, MAX_NOTE = 20, 200


@dataclass(slots=True)
class DevicePreview:
    """A device as it would be."""

    native_id: str
    name: str = ""
    model: str = ""
    status: str = ""
    # metric -> newest value
    values: dict[str, Any] = field(default_factory=dict)
    # metric -> unit, as far as anything says
    units: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Preview:
    """A proposed Source with what it would read."""

    proposal: SourceProposal
    devices: list[DevicePreview] = field(default_factory=list)
    # What cannot be interpreted of it: what, and why.
    not_interpreted: list[tuple[str, str]] = field(default_factory=list)

    @property
    def unknown_units(self) -> list[str]:
        """Return units that are none that is known: they are kept as they are."""
        found = {one.units.get(metric, "") for one in self.devices for metric in one.values}
        return sorted(unit for unit in found if unit and not units.is_known(unit))

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        found = self.proposal
        return {
            "convention": found.convention,
            "label": found.label,
            "options": found.options,
            "reasons": found.reasons,
            "topics": len(found.topics),
            "unknown_units": self.unknown_units,
            "not_interpreted": self.not_interpreted,
            "templates": [
                {
                    **one.template.model_dump(exclude_defaults=True),
                    "reasons": one.reasons,
                    "confidence": round(one.confidence, 2),
                    "topics": len(one.topics),
                    "example": one.topics[0],
                }
                for one in found.templates
            ],
            "devices": [
                {
                    "id": one.native_id,
                    "name": one.name,
                    "model": one.model,
                    "status": one.status,
                    "values": {
                        metric: {"value": value, "unit": one.units.get(metric, "")}
                        for metric, value in one.values.items()
                    },
                }
                for one in self.devices
            ],
        }


def propose(sample: Sample, broker: str = "") -> list[Preview]:
    """Return what could be read of `sample` besides what is read already, with previews.

    Args:
        sample: what `broker` sends.
        broker: its name; "" is that of the settings.
    """
    limits = conf.limits()
    proposals = propose_sources(sample, limits, conf.routes(broker))
    return [preview(one, sample) for one in proposals]


def preview(proposal: SourceProposal, sample: Sample) -> Preview:
    """Return what `proposal` would read of `sample`."""
    made = conventions.make(proposal.convention, proposal.options)
    filters = (*made.shared_filters, *made.ordered_filters)
    router = Router([Route("preview", made, conf.limits(), filters)])
    wanted = set(proposal.topics)
    found: dict[str, DevicePreview] = {}
    for observed in sample:
        if observed.topic not in wanted:
            continue
        for packet in observed.packets:
            # What the broker has kept is shown, too.
            entry = decode(replace(packet, retain=False), router)
            _note(found, entry.messages or ())
    notes = list(made.not_interpreted.items())[:MAX_NOTES]
    told = [(what[:MAX_NOTE], why) for what, (why, _number) in notes]
    return Preview(proposal, list(found.values()), told)


def _note(found: dict[str, DevicePreview], messages: Sequence[DeviceMessage]) -> None:
    for message in messages:
        device = found.get(message.native_id)
        if device is None:
            if len(found) >= MAX_DEVICES:
                continue
            device = found[message.native_id] = DevicePreview(message.native_id)
        told = message.description or Description()
        device.name = told.name or device.name or readable(message.native_id)
        device.model, device.status = told.model or device.model, message.status or device.status
        for metric, series in islice(told.series.items(), MAX_VALUES):
            device.units[metric] = series.unit or device.units.get(metric, "")
        for sample in message.samples:
            if len(device.values) < MAX_VALUES or sample.metric in device.values:
                value = sample.text if sample.value is None else sample.value
                device.values[sample.metric] = value
