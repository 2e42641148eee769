"""Tells the limit on requests whose a request is, once its session or token was looked at."""

from collections.abc import Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject

from iotbridge.request_limit import tell_account


@sync_and_async_middleware
def known_account(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:
    """Say whose a request was, where somebody has asked for that; look at nothing else."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            answer: HttpResponseBase = await get_response(request)
            _tell(request)
            return answer

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        answer = get_response(request)
        _tell(request)
        return answer

    return now


def _tell(request: HttpRequest) -> None:
    user = request.__dict__.get("user")
    if type(user) is SimpleLazyObject:
        # Of a session; None where nobody has asked for it.
        user = getattr(request, "_cached_user", None)
    scope = getattr(request, "scope", None)
    if scope is not None and user is not None and user.is_authenticated:
        tell_account(scope, user.pk)
