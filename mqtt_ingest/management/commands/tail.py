"""`tail`: live packets with what became of them, asked from the worker's HTTP port."""

import json
import time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices.addresses import from_here, in_url
from devices.monitoring.packets_token import packets_token

EVERY_SECONDS = 0.3


class Command(BaseCommand):
    """Follow the packets of a running worker or standalone."""

    help = "Follow the packets of a running worker."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        host = in_url(from_here(settings.WORKER_HTTP_BIND))
        default = f"http://{host}:{settings.WORKER_HTTP_PORT}"
        parser.add_argument("--url", default=default, help="the worker's HTTP port")
        parser.add_argument("--device", default="", help="only this device key")
        parser.add_argument("--filter", default="", help="only topics that match this filter")
        parser.add_argument("--count", type=int, default=0, help="end after so many packets")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask again and again, and print what is new."""
        after, shown = -1, 0
        try:
            while not options["count"] or shown < options["count"]:
                found = self._ask(options, max(after, 0))
                packets = found["packets"] if after >= 0 else found["packets"][-10:]
                after = found["last"]
                for packet in packets:
                    self.stdout.write(_line(packet))
                    shown += 1
                self.stdout.flush()
                time.sleep(EVERY_SECONDS)
        except KeyboardInterrupt:
            return

    def _ask(self, options: dict[str, Any], after: int) -> dict[str, Any]:
        query = {"after": after, "device": options["device"], "filter": options["filter"]}
        url = f"{options['url']}/packets?{urlencode({**query, 'limit': 500})}"
        request = Request(url, headers={"Authorization": f"Bearer {packets_token()}"})  # noqa: S310
        try:
            with urlopen(request, timeout=5) as answer:  # noqa: S310 - the operator's own URL
                body: dict[str, Any] = json.load(answer)
                return body
        except HTTPError as error:
            raise CommandError(
                f"The worker at {options['url']} refused: {error.reason}. "
                "Both must have the same SECRET_KEY and about the same time."
            ) from error
        except (URLError, OSError) as error:
            raise CommandError(
                f"No worker answers at {options['url']}: {error}. Check WORKER_HTTP_PORT, "
                "or name it with --url."
            ) from error


def _line(packet: dict[str, Any]) -> str:
    seconds = packet["received_at"] / 1_000
    clock = time.strftime("%H:%M:%S", time.localtime(seconds)) + f".{int(seconds * 1000) % 1000:03}"
    payload = packet["payload"]
    shown = f"base64 {packet['payload_base64']}" if payload is None else payload
    reason = f" {packet['reason']}: {packet['detail']}" if packet["reason"] else ""
    line = f"{clock} q{packet['qos']} {packet['topic']} {shown[:200]} -> {packet['result']}{reason}"
    # Text from devices is hostile: no control sequences on the operator's terminal.
    return "".join(char if char.isprintable() else "�" for char in line)
