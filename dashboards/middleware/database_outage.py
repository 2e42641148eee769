"""What pages and API say while the database is away, instead of failing."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from devices.database import is_away
from devices.monitoring import conditions, heartbeats

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5


class DatabaseOutage:
    """Middleware: a request that cannot reach the database is answered 503, with the reason.

    Nobody can be asked for a login then: what the database says of itself (hosts, users) goes
    to the log, pages tell what kind of trouble it is, and how each worker is, without its name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer `request`; what the session or a view raised comes to `process_exception`."""
        try:
            return self._get_response(request)
        except Error as error:
            answer = self.process_exception(request, error)
            if answer is None:
                raise
            return answer

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for a database that is away; other errors are not ours."""
        if is_away(error):
            return _answer(request, error)
        return None


def _answer(request: HttpRequest, error: Exception) -> HttpResponse:
    connection.close()
    reason = _reason(error)
    # `Refresh` is the header of the meta element that reloads a page.
    headers = {"Retry-After": str(RETRY_SECONDS), "Refresh": str(RETRY_SECONDS)}
    if request.path.startswith("/api/"):
        problem = {"title": "Service unavailable", "status": 503, "detail": f"database: {reason}"}
        return JsonResponse(
            problem, status=503, content_type="application/problem+json", headers=headers
        )
    context: dict[str, Any] = {"reason": reason, "workers": _workers()}
    answer = render(None, "dashboards/status/outage.html", context, status=503)
    for name, value in headers.items():
        answer[name] = value
    return answer


def _reason(error: Exception) -> str:
    """Return in a few words why the database cannot be used; all of it is logged."""
    told = str(error).strip().partition("\n")[0]
    logger.warning("A request cannot use the database: %s", told)
    return conditions.CONDITIONS[conditions.database_code(told)][1]


def _workers() -> list[tuple[int, str, list[str]]]:
    """Return (number, state, what is wrong) of the workers last known, asked just now."""
    workers = [process for process in heartbeats.remembered() if process.kind == "ingest"]
    return [
        (
            number,
            process.state if heartbeats.is_alive(process) else "does not answer",
            [condition.title for condition in conditions.of_worker(process)],
        )
        for number, process in enumerate(workers, 1)
    ]
