"""The live protocol by polling, for networks that refuse WebSockets."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from dashboards.api.auth import AUTHENTICATION, KioskAuth, scope
from dashboards.api.problems import Body
from dashboards.live import polling
from dashboards.live.frames import KINDS
from dashboards.live.identity import SHOWN_BY_KIOSKS
from dashboards.presentation.jobs import jobs_of

router = Router(tags=["live"])


class Poll(Body):
    """`sub` frames of the live protocol, each with the `after` of the last answer."""

    subs: list[dict[str, Any]]


@router.post("", response=dict[str, Any], auth=[*AUTHENTICATION, KioskAuth()])
def live(request: HttpRequest, asked: Poll) -> dict[str, Any]:
    """Answer subscriptions once, with the frames that the socket would send."""
    kinds = KINDS if request.user.is_authenticated else SHOWN_BY_KIOSKS
    frames = polling.answer(asked.subs, scope(request), lambda: _jobs(request), kinds, request.user)
    return {"frames": list(frames)}


def _jobs(request: HttpRequest) -> list[dict[str, Any]]:
    return jobs_of(request.user) if request.user.is_authenticated else []
