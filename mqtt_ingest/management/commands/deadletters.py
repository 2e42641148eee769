"""`deadletters`: what waits in the inbox, by reason and device; replay or discard of many."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, QuerySet, Sum
from tqdm import tqdm

from devices.words import counted
from mqtt_ingest import dead_letters
from mqtt_ingest.models import DeadLetter


class Command(BaseCommand):
    """List, replay or discard dead letters."""

    help = "List dead letters by reason and device; --replay or --discard REASON for many."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--reason", default="", help="only with this reason")
        parser.add_argument("--device", default="", help="only of this device key")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--replay", action="store_true", help="store what can be read now")
        what.add_argument("--discard", metavar="WHY", default="", help="remove them for good")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        letters = DeadLetter.objects.order_by("received_at")
        if options["reason"]:
            letters = letters.filter(reason=options["reason"])
        if options["device"]:
            letters = letters.filter(device_key=options["device"])
        if options["replay"]:
            self._replay(letters)
        elif options["discard"]:
            number = dead_letters.discard(letters.order_by(), options["discard"])
            self.stdout.write(f"{counted(number, 'packet')} discarded.")
        else:
            self._list(letters)

    def _replay(self, letters: QuerySet[DeadLetter]) -> None:
        with tqdm(
            letters.iterator(200), total=letters.count(), unit="letter", desc="replay"
        ) as bar:
            try:
                result = dead_letters.replay(bar)
            except dead_letters.BusyError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(result.words())

    def _list(self, letters: QuerySet[DeadLetter]) -> None:
        row = "{:>10} {:>8}  {:<22} {}"
        self.stdout.write(row.format("PACKETS", "KEPT", "REASON", "DEVICE"))
        groups = letters.order_by().values("reason", "device_key")
        for group in groups.annotate(n=Sum("number"), kept=Count("pk")).order_by("-n"):
            self.stdout.write(
                row.format(group["n"], group["kept"], group["reason"], group["device_key"] or "-")
            )
