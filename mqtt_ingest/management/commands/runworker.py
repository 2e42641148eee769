"""`runworker mqtt-ingest`: the ingest worker. Other channels get Channels' own worker."""

import sys
import traceback
from typing import Any

from channels.management.commands import runworker
from channels.worker import Worker
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError

from devices.background import single_process
from devices.database import require_tables
from devices.live import require_shared_layer
from mqtt_ingest import brokers
from mqtt_ingest.worker.channels_worker import CHANNEL, IngestWorker


class Command(runworker.Command):
    """Channels' command, with our worker for `mqtt-ingest`."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM; exit non-zero when the engine dies."""
        channels = options["channels"]
        if CHANNEL in channels and channels != [CHANNEL]:
            raise CommandError(f"Run {CHANNEL} in a worker of its own.")
        require_shared_layer(f"runworker {' '.join(channels)}")
        if channels == [CHANNEL]:
            brokers.check_files()
            require_tables()
            single_process.share_file()
        self.worker_class = IngestWorker if channels == [CHANNEL] else Worker
        try:
            super().handle(*args, **options)
        except (ImproperlyConfigured, CommandError):
            raise
        except Exception as error:  # noqa: BLE001 - the exit code tells the supervisor
            traceback.print_exc()
            sys.exit(f"The ingest engine died: {error}")
