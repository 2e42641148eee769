"""`replay FILE…`: publish recordings over MQTT."""

import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from devices.imports import timestamps
from devices.words import counted
from mqtt_ingest import brokers
from mqtt_ingest.recordings import publisher
from mqtt_ingest.recordings.reader import BadRecordingError, Reading, count_lines

DAY_US = 86_400_000_000


class Command(BaseCommand):
    """Publish recordings, each file as a device named like it."""

    help = "Publish CSV or JSON Lines recordings over MQTT, one device a file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        pace = parser.add_mutually_exclusive_group()
        pace.add_argument("--speed", type=float, default=1.0, help="times the recording's own pace")
        pace.add_argument("--fast", action="store_true", help="as fast as it goes")
        parser.add_argument("--end-now", action="store_true", help="move it so that it ends now")
        parser.add_argument("--device", default="", help="device name, for a single file")
        parser.add_argument("--zone", default="UTC", help="zone of times without one")
        parser.add_argument(
            "--order", choices=timestamps.ORDERS, default="", help="of dates such as 3/4/2026"
        )
        parser.add_argument(
            "--missing", type=float, action="append", default=[], help="a value that means none"
        )
        parser.add_argument("--qos", type=int, choices=(0, 1, 2), default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, warn, publish."""
        files: list[Path] = options["files"]
        self._check(files, options)
        how = Reading(
            zone=options["zone"], order=options["order"], missing=frozenset(options["missing"])
        )
        try:
            pace = self._pace(files, how, options)
            self._warn(files, how, pace)
            streams = [publisher.outgoing(path, how, pace, options["device"]) for path in files]
            total = sum(count_lines(path) for path in files)
            with tqdm(total=total, unit="packet", desc="replay") as bar:
                sent = publisher.publish(brokers.first(), streams, pace, bar.update, options["qos"])
                bar.total = bar.n
        except BadRecordingError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            where = brokers.first().where
            raise CommandError(f"Cannot publish to {where}: {error}. Check MQTT_URL.") from error
        self.stdout.write(f"{counted(sent, 'packet')} acknowledged by the broker.")

    def _check(self, files: list[Path], options: dict[str, Any]) -> None:
        for path in files:
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        if options["device"] and len(files) > 1:
            raise CommandError("--device names one device, so give one file.")
        if set(options["device"]) & set("+#/\0"):
            raise CommandError("--device is one level of a topic: it may not hold + # or /.")
        if options["speed"] <= 0:
            raise CommandError("--speed must be above 0; --fast sends as fast as it goes.")
        try:
            ZoneInfo(options["zone"])
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise CommandError(f"--zone {options['zone']} is no time zone.") from error

    def _pace(self, files: list[Path], how: Reading, options: dict[str, Any]) -> publisher.Pace:
        shift = 0
        if options["end_now"]:
            shift = time.time_ns() // 1_000 - publisher.last_time(files, how)
        return publisher.Pace(speed=0.0 if options["fast"] else options["speed"], shift=shift)

    def _warn(self, files: list[Path], how: Reading, pace: publisher.Pace) -> None:
        if not settings.RETENTION_DAYS:
            return
        limit = time.time_ns() // 1_000 - settings.RETENTION_DAYS * DAY_US
        old = publisher.older_than(files, how, limit - pace.shift)
        if old:
            self.stderr.write(
                f"Warning: {old} records are older than RETENTION_DAYS={settings.RETENTION_DAYS} "
                "and would be counted as expired, not stored. "
                "Set RETENTION_DAYS=0 where the worker runs, or use --end-now."
            )
