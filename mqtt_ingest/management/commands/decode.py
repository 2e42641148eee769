"""`decode TOPIC PAYLOAD`: what a packet would become, without storing anything."""

import sys
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mqtt_ingest import conf
from mqtt_ingest.core.descriptions import Description
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.worker.packet_log import describe


class Command(BaseCommand):
    """Dry-run of one packet through the configured sources."""

    help = "Show what a packet would become. PAYLOAD - reads it from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("topic")
        parser.add_argument("payload", help="the payload, or - for standard input")
        parser.add_argument("--retain", action="store_true", help="as a retained packet")
        parser.add_argument("--broker", default="", help="by which it came; that of MQTT_URL")

    def handle(self, *args: Any, **options: Any) -> None:
        """Decode and print; exit status 1 where it would be a dead letter."""
        given = options["payload"]
        payload = sys.stdin.buffer.read() if given == "-" else given.encode()
        now = time.time_ns() // 1_000
        packet = Packet(options["topic"], payload, now, 1, retain=options["retain"])
        entry = decode(packet, Router(conf.routes(options["broker"])))
        words = describe(0, entry)
        if entry.messages is None:
            where = "" if entry.position is None else f" (at {entry.position})"
            self.stdout.write(f"dead letter: {entry.reason}: {entry.detail}{where}")
            sys.exit(1)
        self.stdout.write(f"source {words['source']}, device {', '.join(words['devices'])}")
        for message in entry.messages:
            if message.status:
                self.stdout.write(f"status: {message.status}")
            for line in told(message.description):
                self.stdout.write(f"  {line}")
        for sample in words["samples"]:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(sample["ts"] / 1_000))
            value = sample["value"]
            shown = bool(value) if sample["kind"] == "boolean" else value
            of = f"{sample['device']}/" if len(entry.messages) > 1 else ""
            self.stdout.write(f"  {of}{sample['metric']} = {shown} ({sample['kind']}) at {stamp}Z")
        for metric, problem in words["bad"]:
            self.stdout.write(f"  not stored: {metric}: {problem}")
        expired = sum(message.expired for message in entry.messages)
        if expired:
            self.stdout.write(f"  expired: {expired} older than RETENTION_DAYS")
        if any(message.clock_replaced for message in entry.messages):
            self.stdout.write("  its time was replaced by the time of arrival")
        if all(message.empty for message in entry.messages):
            self.stdout.write("  nothing to store")


def told(description: Description | None) -> list[str]:
    """Return a description in words, a line each."""
    if description is None:
        return []
    own = {name: value for name, value in asdict(description).items() if value and name != "series"}
    lines = [f"{name}: {value}" for name, value in own.items()]
    for metric, series in description.series.items():
        given = {
            name: value for name, value in asdict(series).items() if value not in (None, "", ())
        }
        lines.append(f"{metric}: " + ", ".join(f"{name} {value}" for name, value in given.items()))
    return lines
