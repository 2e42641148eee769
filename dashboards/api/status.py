"""Health, and the last packets for staff."""

import json
from typing import Annotated, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from django.http import HttpRequest
from django.utils.translation import gettext
from ninja import Query, Router

from dashboards.api.auth import scope
from dashboards.api.problems import Problem
from dashboards.presentation import device_rows, health
from devices.monitoring import heartbeats, losses
from devices.monitoring.packets_token import packets_token

router = Router(tags=["status"])


@router.get("/status", response=dict[str, Any])
def status(request: HttpRequest) -> dict[str, Any]:
    """Tell how the pipeline and its processes are, and the devices' states."""
    caller = scope(request)
    found = heartbeats.processes()
    ingest = heartbeats.ingest_health(found)
    shown = health.shown_to(caller, found)
    summary = device_rows.fleet_summary(caller, heartbeats.as_of_health(ingest))
    return {
        "ingest": ingest,
        "conditions": [
            {"code": c.code, "level": c.level, "title": c.title, "detail": c.detail}
            for c in shown.conditions
        ],
        "losses": [line._asdict() for line in losses.counted()] if caller.packets else [],
        "processes": [health.told(process) for process in shown.processes],
        "devices": dict(summary["total"]),
        "sites": summary["sites"],
    }


@router.get("/problems", response=dict[str, Any])
def problems(request: HttpRequest) -> dict[str, Any]:
    """Tell what is wrong, in a few words in the person's language: what pages show all the time."""
    shown = health.shown_to(scope(request), heartbeats.processes())
    told = {one.code: {"level": one.level, "title": gettext(one.title)} for one in shown.conditions}
    return {"problems": [{"code": code, **said} for code, said in told.items()]}


@router.get("/packets", response=dict[str, Any])
def packets(
    request: HttpRequest,
    device: str = "",
    topic_filter: Annotated[str, Query(alias="filter")] = "",
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Show the last packets of every worker, for people who may see dead letters.

    `after` is the `after` of the last answer.
    """
    if not scope(request).packets:
        raise Problem(403, "Only people who may see dead letters may look at packets.")
    positions = _positions(after)
    found: list[dict[str, Any]] = []
    unreachable: list[str] = []
    for process in heartbeats.processes():
        if process.kind == "ingest" and heartbeats.is_alive(process):
            query = {
                "device": device,
                "filter": topic_filter,
                "limit": limit,
                "after": positions.get(process.id, 0),
            }
            try:
                answer = _ask(f"{process.info['http']}/packets?{urlencode(query)}")
            except (URLError, OSError, ValueError):
                unreachable.append(process.id)
                continue
            positions[process.id] = answer["last"]
            found += answer["packets"]
    found.sort(key=lambda packet: packet["received_at"])
    return {"packets": found[-limit:], "after": json.dumps(positions), "unreachable": unreachable}


def _positions(after: str) -> dict[str, int]:
    try:
        given = json.loads(after) if after else {}
        return {str(worker): int(number) for worker, number in given.items()}
    except (ValueError, AttributeError, TypeError, OverflowError) as error:
        raise Problem(422, "after must be the `after` of an earlier answer", "after") from error


def _ask(url: str) -> dict[str, Any]:
    request = Request(url, headers={"Authorization": f"Bearer {packets_token()}"})  # noqa: S310
    with urlopen(request, timeout=3) as answer:  # noqa: S310 - a worker's own address
        body: dict[str, Any] = json.load(answer)
        return body
