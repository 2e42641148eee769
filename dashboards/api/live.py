"""The live protocol by polling, for networks that refuse WebSockets."""

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest
from ninja import Router

from dashboards.api.auth import READERS, KioskAuth, scope
from dashboards.api.problems import Body
from dashboards.live import polling
from dashboards.live.frames import KINDS, Kind
from dashboards.live.identity import SHOWN_BY_KIOSKS, SHOWN_BY_LINKS
from dashboards.presentation.jobs import jobs_of
from dashboards.sharing.visitors import Visitor

router = Router(tags=["live"])


class Poll(Body):
    """`sub` frames of the live protocol, each with the `after` of the last answer."""

    subs: list[dict[str, Any]]


@router.post("", response=dict[str, Any], auth=[*READERS, KioskAuth()])
def live(request: HttpRequest, asked: Poll) -> dict[str, Any]:
    """Answer subscriptions once, with the frames that the socket would send."""
    kinds = _kinds(request)
    frames = polling.answer(asked.subs, scope(request), lambda: _jobs(request), kinds, request.user)
    return {"frames": list(frames)}


def _kinds(request: HttpRequest) -> Collection[Kind]:
    if isinstance(getattr(request, "auth", None), Visitor):
        return SHOWN_BY_LINKS
    return KINDS if request.user.is_authenticated else SHOWN_BY_KIOSKS


def _jobs(request: HttpRequest) -> list[dict[str, Any]]:
    return jobs_of(request.user) if request.user.is_authenticated else []
