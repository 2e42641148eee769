"""`discover [BROKER]`: what a broker carries, and Sources that read it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from devices.broker_addresses import BadAddress
from devices.models import Source
from devices.registry.brokers import add
from devices.words import counted
from mqtt_ingest import brokers
from mqtt_ingest.brokers import Broker
from mqtt_ingest.core.structure.observations import Sample
from mqtt_ingest.finding import proposals
from mqtt_ingest.finding.accepting import accept
from mqtt_ingest.finding.listening import CannotListen, listen
from mqtt_ingest.finding.proposals import Preview

SHOWN_DEVICES, SHOWN_VALUES = 8, 4


class Command(BaseCommand):
    """Listen for a while, propose Sources, and make them where that is asked for."""

    help = (
        "Listen at a broker without publishing anything, and propose Sources for what it carries."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "broker",
            nargs="?",
            default="",
            help="its address, or the name of one that was added; without it that of MQTT_URL",
        )
        parser.add_argument("--seconds", type=float, default=15.0, help="listen for so long")
        parser.add_argument("--accept-all", action="store_true", help="make all proposed Sources")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Listen, propose, and accept if asked to."""
        if not 0 < options["seconds"] <= 3_600:
            raise CommandError("--seconds must be above 0, and 3600 at most.")
        broker = self._broker(options["broker"])
        try:
            sample = self._listen(broker, options)
        except CannotListen as error:
            raise CommandError(f"{error}.") from error
        found = proposals.propose(sample, broker.name)
        made = self._accept(found, broker) if options["accept_all"] else []
        if options["json"]:
            told = {
                "broker": broker.where,
                "packets": sample.packets,
                "topics": len(sample),
                "topics_left_out": sample.left_out,
                "proposals": [one.as_json() for one in found],
                "accepted": [source.name for source in made],
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        self._print(sample, found)
        if made:
            self.stdout.write(
                f"{counted(len(made), 'Source')} made or extended; workers read them within "
                "seconds, and their devices need nobody to accept them."
            )
        elif found:
            self.stdout.write("Nothing is stored yet: --accept-all makes these Sources.")

    def _broker(self, text: str) -> Broker:
        try:
            return brokers.find(text)
        except LookupError:
            pass
        try:
            return brokers.at(text)
        except BadAddress as error:
            raise CommandError(f"{text!r} is no broker's address. {error}") from error

    def _accept(self, found: list[Preview], broker: Broker) -> list[Source]:
        """Make Sources at `broker`, which is added where nobody has; it stays silent."""
        if not found:
            return []
        if not broker.name:
            return accept(one.proposal for one in found)
        row = add(broker.where, broker.username or "", broker.password or "")
        return accept((one.proposal for one in found), row.name)

    def _listen(self, broker: Broker, options: dict[str, Any]) -> Sample:
        if options["json"]:
            return listen(broker, options["seconds"])
        layout = "{desc} {n:.0f} of {total:.0f} s, {postfix}"
        with tqdm(total=options["seconds"], desc="listening", bar_format=layout) as bar:

            def show(passed: float, sample: Sample) -> None:
                bar.n = passed
                bar.set_postfix_str(f"{sample.packets} packets on {len(sample)} topics")

            return listen(broker, options["seconds"], show)

    def _print(self, sample: Sample, found: list[Preview]) -> None:
        self.stdout.write(
            f"{counted(sample.packets, 'packet')} on {counted(len(sample), 'topic')}."
        )
        if not found:
            self.stdout.write(
                "Nothing that is not read already. Devices that send seldom need more --seconds."
            )
        for one in found:
            self._print_one(one)

    def _say(self, text: str) -> None:
        """Print a line; what devices wrote into it does nothing to the terminal."""
        self.stdout.write("".join(one if one.isprintable() else "\ufffd" for one in text))

    def _print_one(self, one: Preview) -> None:
        told = one.proposal
        label = told.label or "Templates, by structure"
        topics, devices = counted(len(told.topics), "topic"), counted(len(one.devices), "device")
        self.stdout.write("")
        self._say(f"{label}: {topics}, {devices}")
        for reason in told.reasons:
            self._say(f"  because of {reason}")
        for template in told.templates:
            shown = template.template
            reasons = "; ".join(template.reasons)
            self._say(f"  {shown.kind}: {shown.topic}" + (f" ({reasons})" if reasons else ""))
        for device in one.devices[:SHOWN_DEVICES]:
            values = [
                f"{metric} {value} {device.units.get(metric, '')}".rstrip()
                for metric, value in list(device.values.items())[:SHOWN_VALUES]
            ]
            more = len(device.values) - len(values)
            more_words = [f"{more} more"] if more > 0 else []
            status = [device.status] if device.status else []
            said = ", ".join([*status, *values, *more_words]) or "no values yet"
            self._say(f"    {device.name or device.native_id}: {said}")
        if len(one.devices) > SHOWN_DEVICES:
            self._say(f"    and {len(one.devices) - SHOWN_DEVICES} more")
