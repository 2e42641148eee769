"""What machines ask the web process: alive, ready, metrics."""

import logging

from asgiref.sync import async_to_sync
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from dashboards.live.hub import Hub
from devices import live
from devices.monitoring import conditions, heartbeats

logger = logging.getLogger(__name__)

METRICS = CollectorRegistry()
_SOCKETS = Gauge("iotbridge_sockets", "Open live sockets", registry=METRICS)
_WATCHED = Gauge("iotbridge_watched_devices", "Devices on open pages", registry=METRICS)
_SOCKETS.set_function(lambda: float(sum(len(hub.sessions) for hub in Hub.all())))
_WATCHED.set_function(lambda: float(sum(hub.watched_devices for hub in Hub.all())))


def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that the process is alive."""
    return JsonResponse({"alive": True})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether this process can serve: database and channel layer."""
    problems = {"database": _database_problem(), "layer": _layer_problem()}
    ready = not any(problems.values())
    return JsonResponse(
        {"ready": ready, **{name: problem or "ok" for name, problem in problems.items()}},
        status=200 if ready else 503,
    )


def _database_problem() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        connection.close()
        # Whoever asks need not be logged in: hosts and users are for the log.
        logger.warning("Not ready: the database: %s", str(error).strip())
        return "away"
    return ""


def _layer_problem() -> str:
    try:
        async_to_sync(live.layer().group_send)("readyz", {"type": "readyz"})
    except Exception as error:  # noqa: BLE001 - whatever the layer raises
        logger.warning("Not ready: the channel layer: %s", str(error) or type(error).__name__)
        return "away"
    return ""


_CONDITION = Gauge(
    "iotbridge_condition", "1 while this is wrong, see /status", ("code",), registry=METRICS
)


def metrics(_request: HttpRequest) -> HttpResponse:
    """Return this process's metrics for Prometheus, and what is wrong with the installation."""
    try:
        present = {condition.code for condition in conditions.current(heartbeats.processes())}
    except Error:
        connection.close()
        present = {"database_away"}
    for code in conditions.CONDITIONS:
        _CONDITION.labels(code).set(code in present)
    return HttpResponse(generate_latest(METRICS), content_type=CONTENT_TYPE_LATEST)
