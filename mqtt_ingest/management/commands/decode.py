"""`decode TOPIC PAYLOAD`: what a packet would become, without storing anything."""

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mqtt_ingest import conf
from mqtt_ingest.core.packets import Packet
from mqtt_ingest.core.pipeline import decode
from mqtt_ingest.worker.packet_log import describe


class Command(BaseCommand):
    """Dry-run of one packet through the configured sources."""

    help = "Show what a packet would become. PAYLOAD - reads it from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("topic")
        parser.add_argument("payload", help="the payload, or - for standard input")
        parser.add_argument("--retain", action="store_true", help="as a retained packet")

    def handle(self, *args: Any, **options: Any) -> None:
        """Decode and print; exit status 1 where it would be a dead letter."""
        given = options["payload"]
        payload = sys.stdin.buffer.read() if given == "-" else given.encode()
        now = time.time_ns() // 1_000
        packet = Packet(options["topic"], payload, now, 1, retain=options["retain"])
        entry = decode(packet, conf.routes())
        words = describe(0, entry)
        if entry.decoded is None:
            where = "" if entry.position is None else f" (at {entry.position})"
            self.stdout.write(f"dead letter: {entry.reason}: {entry.detail}{where}")
            sys.exit(1)
        self.stdout.write(f"source {words['source']}, device {words['device']}")
        if words["status"]:
            self.stdout.write(f"status: {words['status']}")
        for sample in words["samples"]:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(sample["ts"] / 1_000))
            value = sample["value"]
            shown = bool(value) if sample["kind"] == "boolean" else value
            self.stdout.write(f"  {sample['metric']} = {shown} ({sample['kind']}) at {stamp}Z")
        for metric, problem in words["bad"]:
            self.stdout.write(f"  not stored: {metric}: {problem}")
        if entry.decoded.expired:
            self.stdout.write(f"  expired: {entry.decoded.expired} older than RETENTION_DAYS")
        if entry.decoded.clock_replaced:
            self.stdout.write("  its time was replaced by the time of arrival")
        if entry.decoded.empty:
            self.stdout.write("  nothing to store")
