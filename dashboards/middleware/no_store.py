"""Answers that nobody keeps: they are for whoever is logged in."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class NoStore:
    """Middleware: what says nothing else is kept by no browser and by no proxy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and say that the answer is not to be kept."""
        answer = self._get_response(request)
        if "Cache-Control" not in answer:
            answer["Cache-Control"] = "private, no-store"
        return answer
