"""The live protocol by polling, for networks that refuse WebSockets."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from dashboards.api.auth import scope
from dashboards.api.problems import Body
from dashboards.live import polling
from dashboards.presentation.jobs import jobs_of

router = Router(tags=["live"])


class Poll(Body):
    """`sub` frames of the live protocol, each with the `after` of the last answer."""

    subs: list[dict[str, Any]]


@router.post("", response=dict[str, Any])
def live(request: HttpRequest, asked: Poll) -> dict[str, Any]:
    """Answer subscriptions once, with the frames that the socket would send."""
    frames = polling.answer(asked.subs, scope(request), lambda: jobs_of(request.user))
    return {"frames": list(frames)}
