"""Alarm rules as programs write and read them."""

from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from devices.access import Scope
from devices.alarms import listing
from devices.alarms.back_test import BackTest
from devices.alarms.models import Rule
from devices.models import Device, Site, Tag

# Fields that are the same here and there.
_PLAIN = (
    *("name", "enabled", "metric", "kind", "low", "high", "hysteresis", "unit", "words"),
    *("other_metric", "window_s", "for_s", "clear_s", "again_s", "severity", "text", "runbook"),
    *("latched", "days", "zone"),
)
# Those that may be emptied.
_EMPTY = {"low", "high", "starts", "ends"}
# Of one answer.
MOST = 500


def fill(rule: Rule, given: dict[str, Any], scope: Scope) -> None:
    """Set what `given` says.

    Raises:
        ValidationError: names the field that is wrong.
    """
    for name in _PLAIN:
        if name in given and (given[name] is not None or name in _EMPTY):
            setattr(rule, name, given[name])
    for name in ("starts", "ends"):
        if name in given:
            setattr(rule, name, _time(name, given[name]))
    if given.get("type") is not None:
        rule.device_type = given["type"]
    if given.get("site") is not None:
        rule.site = _found("site", given["site"], scope)
    if given.get("device") is not None:
        rule.device = _found("device", given["device"], scope)
    if given.get("tag") is not None:
        rule.tag = _found("tag", given["tag"], scope)


def _time(name: str, text: str | None) -> time | None:
    if not text:
        return None
    try:
        found = time.fromisoformat(text)
    except ValueError as error:
        raise ValidationError({name: gettext("A time of day, as in 06:30.")}) from error
    return found.replace(tzinfo=None)


def _found(name: str, text: str, scope: Scope) -> Any:
    """Return what is called `text`, of what this person sees; None: it is empty."""
    if not text:
        return None
    found: Site | Device | Tag | None
    if name == "site":
        found = Site.objects.filter(slug=text).first()
        found = found if found is not None and scope.may_see(found) else None
    elif name == "device":
        found = scope.devices().filter(key=text).first()
    else:
        found = Tag.objects.filter(name=text, devices__in=scope.devices()).first()
    if found is None:
        raise ValidationError({name: gettext("There is none of that name, or you may not see it.")})
    return found


def told(rule: Rule, scope: Scope) -> dict[str, Any]:
    """Return what is told of a rule."""
    return {
        "id": rule.pk,
        **{name: getattr(rule, name) for name in _PLAIN},
        "site": rule.site.slug if rule.site is not None else "",
        "device": rule.device.key if rule.device is not None else "",
        "type": rule.device_type,
        "tag": rule.tag.name if rule.tag is not None else "",
        "starts": rule.starts.isoformat("minutes") if rule.starts else None,
        "ends": rule.ends.isoformat("minutes") if rule.ends else None,
        "since": rule.since / 1_000,
        "changed_by": rule.changed_by,
        "may_edit": listing.may_edit(rule, scope),
    }


def told_test(found: BackTest, seconds: float) -> dict[str, Any]:
    """Return what is told of a back-test; times in ms."""
    keys = dict(
        Device.objects.filter(pk__in={one.device for one in found.alarms[:MOST]}).values_list(
            "pk", "key"
        )
    )
    return {
        "from": found.since / 1_000,
        "to": found.until / 1_000,
        "count": len(found.alarms),
        "longer_than_10_minutes": found.longer_than(600),
        "on_s": round(found.seconds),
        "series": found.series,
        "of": found.of,
        "took_s": round(seconds, 3),
        "alarms": [
            {
                "device": keys[one.device],
                "metric": one.metric,
                "since": one.since / 1_000,
                "until": None if one.until is None else one.until / 1_000,
                "times": one.times,
            }
            for one in found.alarms[:MOST]
            if one.device in keys
        ],
    }
