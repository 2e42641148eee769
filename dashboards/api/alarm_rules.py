"""Alarm rules, and what they would have raised."""

import time
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from ninja import Field, Router, Status

from dashboards.api.auth import scope
from dashboards.api.problems import Body, Problem, from_model
from dashboards.presentation import alarm_rules as presentation
from devices import queries
from devices.access import Scope
from devices.alarms import editing, listing
from devices.alarms.asking import Unfit
from devices.alarms.back_test import back_test
from devices.alarms.models import Rule

router = Router(tags=["alarms"])

Text = Annotated[str, Field(max_length=500)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[int, Field(ge=0, le=31 * 86_400)]
DAY_US = 86_400_000_000


class RuleIn(Body):
    """A rule; what is left out keeps its value, or its default in a new one.

    `site`, `device`, `type` and `tag` say on which devices it is; `metric` may have `*`.
    """

    name: Text | None = None
    enabled: bool | None = None
    site: Text | None = None
    device: Text | None = None
    type: Annotated[str | None, Field(max_length=100)] = None
    tag: Text | None = None
    metric: Annotated[str | None, Field(max_length=200)] = None
    kind: Text | None = None
    low: Number | None = None
    high: Number | None = None
    hysteresis: Number | None = None
    unit: Annotated[str | None, Field(max_length=50)] = None
    words: Text | None = None
    other_metric: Annotated[str | None, Field(max_length=200)] = None
    window_s: Seconds | None = None
    for_s: Seconds | None = None
    clear_s: Seconds | None = None
    again_s: Seconds | None = None
    severity: Text | None = None
    text: Text | None = None
    runbook: Text | None = None
    latched: bool | None = None
    days: Annotated[str | None, Field(max_length=7)] = None
    starts: Text | None = None
    ends: Text | None = None
    zone: Annotated[str | None, Field(max_length=50)] = None


class BackTestIn(Body):
    """A rule that need not be stored, and how many days before now it is asked about."""

    rule: RuleIn
    days: Annotated[float, Field(gt=0, le=366)] = 30


@router.get("", response=dict[str, Any])
def list_rules(
    request: HttpRequest,
    limit: Annotated[int, Field(ge=1, le=1000)] = 100,
    after: Annotated[int, Field(ge=0, le=2**62)] = 0,
) -> dict[str, Any]:
    """List the rules of sites and devices you see, by id."""
    caller = scope(request)
    rows = list(listing.rules(caller).filter(pk__gt=after).order_by("pk")[: limit + 1])
    return {
        "rules": [presentation.told(rule, caller) for rule in rows[:limit]],
        "after": rows[limit - 1].pk if len(rows) > limit else None,
    }


@router.post("", response={201: dict[str, Any]})
def add_rule(request: HttpRequest, body: RuleIn) -> Status[dict[str, Any]]:
    """Make a rule; it begins with what is stored now."""
    caller = scope(request)
    rule = _checked(Rule(), body, caller)
    return Status(201, presentation.told(_saved(request, rule), caller))


@router.post("/back-test", response=dict[str, Any])
def test_rule(request: HttpRequest, body: BackTestIn) -> dict[str, Any]:
    """Return what a rule would have raised; nothing is stored."""
    rule = _checked(Rule(), body.rule, scope(request))
    end = queries.now_us()
    began = time.monotonic()
    try:
        with queries.read_snapshot():
            found = back_test(rule, end - round(body.days * DAY_US), end)
    except Unfit as error:
        raise Problem(422, str(error), "unit") from error
    return presentation.told_test(found, time.monotonic() - began)


@router.get("/{int:number}", response=dict[str, Any])
def get_rule(request: HttpRequest, number: int) -> dict[str, Any]:
    """Return one rule."""
    caller = scope(request)
    return presentation.told(_find(number, caller), caller)


@router.patch("/{int:number}", response=dict[str, Any])
def change_rule(request: HttpRequest, number: int, body: RuleIn) -> dict[str, Any]:
    """Change a rule; it begins anew with what is stored now, and its alarms go on."""
    caller = scope(request)
    rule = _find(number, caller)
    _may_edit(rule, caller)
    return presentation.told(_saved(request, _checked(rule, body, caller)), caller)


@router.delete("/{int:number}", response={204: None})
def delete_rule(request: HttpRequest, number: int) -> Status[None]:
    """Remove a rule; its alarms end, and stay as history."""
    caller = scope(request)
    rule = _find(number, caller)
    _may_edit(rule, caller)
    editing.delete(rule)
    return Status(204, None)


def _find(number: int, caller: Scope) -> Rule:
    rule = listing.rules(caller).filter(pk=number).first()
    if rule is None:
        raise Http404(f"There is no rule {number}, or you may not see it.")
    return rule


def _may_edit(rule: Rule, caller: Scope) -> None:
    if not listing.may_edit(rule, caller):
        raise Problem(403, "Only operators of all that a rule is on may make and change it.")


def _checked(rule: Rule, body: RuleIn, caller: Scope) -> Rule:
    """Return `rule` with what `body` says, checked."""
    try:
        presentation.fill(rule, body.dict(exclude_unset=True), caller)
        _may_edit(rule, caller)
        rule.full_clean()
    except ValidationError as error:
        raise from_model(error) from error
    return rule


def _saved(request: HttpRequest, rule: Rule) -> Rule:
    try:
        return editing.save(rule, str(request.user))
    except ValidationError as error:
        raise from_model(error) from error
