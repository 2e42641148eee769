"""The time zone of whoever looks: the browser tells it by a cookie, so that the server writes,
and reads, times in the same one."""

from collections.abc import Callable
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware

COOKIE = "iotbridge_zone"


@sync_and_async_middleware
def person_zone(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:
    """Show and read times of a request in the zone of its cookie; without one in UTC."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            with timezone.override(zone_of(request)):
                answer: HttpResponseBase = await get_response(request)
                return answer

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(zone_of(request)):
            return get_response(request)

    return now


def zone_name() -> str:
    """Return the name of the zone that times are shown in, as it may be given back."""
    zone = timezone.get_current_timezone()
    return str(getattr(zone, "key", zone))


def zone_of(request: HttpRequest) -> ZoneInfo | None:
    """Return the zone that the browser told; None where it told none that there is."""
    name = unquote(request.COOKIES.get(COOKIE, ""))
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None
