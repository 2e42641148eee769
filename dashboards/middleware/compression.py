"""Compressed answers: pages, the API and static files. Not files that are fetched in parts."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

_TYPES = ("text/", "application/json", "application/problem+json", "image/svg+xml")


class Compressed(GZipMiddleware):
    """Django's, for texts. It makes lengths vary by chance against BREACH."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress `response` where it is a text that is sent whole."""
        kind = response.headers.get("Content-Type", "")
        partial = response.status_code == 206 or "Content-Disposition" in response.headers
        if partial or not kind.startswith(_TYPES):
            return response
        return super().process_response(request, response)
