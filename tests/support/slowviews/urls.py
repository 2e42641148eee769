"""Pages that take `seconds`: on a thread, on the loop, or piece by piece."""

import asyncio
import logging
import time
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

logger = logging.getLogger(__name__)
BEGUN = "a slow page begins"


def on_a_thread(request: HttpRequest) -> HttpResponse:
    logger.warning(BEGUN)
    time.sleep(float(request.GET["seconds"]))
    return HttpResponse("done")


async def on_the_loop(request: HttpRequest) -> HttpResponse:
    logger.warning(BEGUN)
    await asyncio.sleep(float(request.GET["seconds"]))
    return HttpResponse("done")


def in_pieces(request: HttpRequest) -> StreamingHttpResponse:
    logger.warning(BEGUN)

    def pieces() -> Iterator[bytes]:
        for _ in range(int(request.GET["seconds"])):
            time.sleep(1)
            yield b"piece"

    return StreamingHttpResponse(pieces())


urlpatterns = [
    path("thread", on_a_thread),
    path("loop", on_the_loop),
    path("pieces", in_pieces),
]
