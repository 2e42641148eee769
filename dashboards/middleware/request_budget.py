"""A request's share of the database: it is stopped when it has had it."""

from collections.abc import Callable

from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from devices.queries import budget
from devices.queries.budget import Budget, QueryTooLong


class RequestBudget:
    """Middleware: the statements of a request together take `REQUEST_SECONDS` at most."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer `request` within its budget."""
        share = budget.current() or Budget()
        try:
            with budget.budgeted(share), connection.execute_wrapper(share.run):
                return self._get_response(request)
        finally:
            if connection.vendor != "postgresql":
                budget.stop_no_more()

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say so on a page; the API has words of its own."""
        stopped = isinstance(error, OperationalError) and budget.was_stopped(error)
        if stopped or isinstance(error, QueryTooLong):
            return render(request, "dashboards/status/too_long.html", status=503)
        return None
