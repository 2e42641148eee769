"""The units of whoever looks: pages are written in them; see `dashboards.presentation.units`."""

from collections.abc import Callable, Mapping
from functools import cache

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from dashboards.presentation import units


@sync_and_async_middleware
def person_units(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:
    """Show values of a request as its person has chosen; that is read where it is needed."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            units.choose(_choice(request))
            answer: HttpResponseBase = await get_response(request)
            return answer

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        units.choose(_choice(request))
        return get_response(request)

    return now


def _choice(request: HttpRequest) -> Callable[[], Mapping[str, str]]:
    @cache
    def asked() -> Mapping[str, str]:
        return units.choice_of(request.user)

    return asked
