"""The search over everything that a person may see, as they type."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from dashboards.api.auth import scope
from dashboards.finding import found

router = Router(tags=["search"])


class Hit(Schema):
    """Something that was found."""

    kind: str
    title: str
    detail: str
    url: str


class Hits(Schema):
    """What was found, the best first."""

    hits: list[Hit]


@router.get("", response=Hits)
def search(request: HttpRequest, q: Annotated[str, Query(max_length=100)] = "") -> dict[str, Any]:
    """Find devices, metrics, sites, boards, device types and pages by words in their names."""
    return {"hits": found(q, scope(request), request.user)}
