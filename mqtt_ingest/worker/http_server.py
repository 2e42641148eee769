"""The worker's HTTP port: /healthz, /metrics, and the last packets for staff tools."""

import json
import logging
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from devices.addresses import in_url, is_anywhere
from devices.monitoring.heartbeats import beside
from devices.monitoring.packets_token import is_packets_token
from mqtt_ingest import metrics
from mqtt_ingest.worker.packet_log import PacketLog

logger = logging.getLogger(__name__)


class WorkerStatus(Protocol):
    """What the port tells: how a worker is."""

    @property
    def name(self) -> str:
        """Return the process' name."""
        ...

    @property
    def packets(self) -> PacketLog:
        """Return the last packets."""
        ...

    @property
    def is_alive(self) -> bool:
        """Return whether the event loop still turns."""
        ...

    @property
    def state(self) -> str:
        """Return `starting`, `up`, `idle` or `down`."""
        ...

    def condition(self) -> dict[str, Any]:
        """Return what conditions are made of."""
        ...

    def measure(self) -> None:
        """Bring the metrics that are read off up to date."""
        ...


class WorkerHttp:
    """Serves on its own thread, so that it answers while the loop is busy."""

    def __init__(self, worker: WorkerStatus) -> None:
        self._worker = worker
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Return where other processes reach this port."""
        bind = settings.WORKER_HTTP_BIND
        host = socket.gethostname() if is_anywhere(bind) else in_url(bind)
        return f"http://{host}:{settings.WORKER_HTTP_PORT}"

    def start(self) -> None:
        """Listen.

        Raises:
            ImproperlyConfigured: the port is taken.
        """
        status = self._worker

        class Handler(_Handler):
            worker = status

        try:
            self._server = _server_class()(
                (settings.WORKER_HTTP_BIND, settings.WORKER_HTTP_PORT), Handler
            )
        except OSError as error:
            raise ImproperlyConfigured(
                f"WORKER_HTTP_PORT {settings.WORKER_HTTP_PORT} cannot be opened on "
                f"{settings.WORKER_HTTP_BIND}: {error.strerror}. Each worker on a machine needs "
                f"its own, for example WORKER_HTTP_PORT={settings.WORKER_HTTP_PORT + 1}"
            ) from error
        threading.Thread(
            target=self._server.serve_forever, args=[2.0], name="worker-http", daemon=True
        ).start()

    def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


# Connections at a time: each has a thread.
AT_ONCE = 32


class _Server(ThreadingHTTPServer):
    """Python's, with so many connections at a time; further ones are closed."""

    daemon_threads = True

    def __init__(self, *given: Any) -> None:
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(*given)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._turns.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._turns.release()


def _server_class() -> type[ThreadingHTTPServer]:
    if ":" not in settings.WORKER_HTTP_BIND:
        return _Server

    class OnIPv6(_Server):
        address_family = socket.AF_INET6

    return OnIPv6


class _Handler(BaseHTTPRequestHandler):
    worker: WorkerStatus
    timeout = 10

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path:
            case "/healthz":
                alive = self.worker.is_alive
                body = {
                    "alive": alive,
                    "name": self.worker.name,
                    "state": self.worker.state,
                    "info": self.worker.condition(),
                    "beside": beside(),
                }
                self._json(200 if alive else 503, body)
            case "/metrics":
                self.worker.measure()
                self._send(200, CONTENT_TYPE_LATEST, generate_latest(metrics.REGISTRY))
            case "/packets" if is_packets_token(self._bearer()):
                self._packets(query)
            case "/packets":
                self._json(401, {"detail": "needs a token made from SECRET_KEY"})
            case _:
                self._json(404, {"detail": "there is /healthz, /metrics and /packets"})

    def _bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _packets(self, query: dict[str, str]) -> None:
        after, limit = query.get("after", "0"), query.get("limit", "100")
        if not (after.isdecimal() and limit.isdecimal()):
            self._json(400, {"detail": "after and limit must be whole numbers"})
            return
        found = self.worker.packets.since(
            int(after),
            device=query.get("device", ""),
            topic_filter=query.get("filter", ""),
            limit=min(int(limit), 500),
        )
        self._json(200, {"worker": self.worker.name, **found})

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        # Whoever asked may have given up.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        logger.debug(format, *args)
