"""What a variable of a board stands for: what may be chosen, what is, and which devices."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from zoneinfo import available_timezones

from django.db.models import QuerySet
from django.utils.translation import gettext

from dashboards.boards.specification import NAMES, STANDS_FOR, WORDS, Variable, used_variables
from devices.access import Scope
from devices.models import Device, Series, Site, Tag
from devices.registry import listing

# Choices that a list has at most; devices that one variable stands for at most.
CHOICES, DEVICES = 500, 400
# Items of a list in options; characters that stand for a variable in a text.
ITEMS, LONGEST_WORDS = 500, 100
PREFIX = "var-"
_AREAS = re.compile(r"(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/")


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable, as somebody looks at it.

    Args:
        variable: it.
        choices: (value, words) each.
        value: what is chosen; empty: there is nothing to choose.
        devices: keys of the devices that it stands for.
    """

    variable: Variable
    choices: Sequence[tuple[str, str]]
    value: str
    devices: Sequence[str]

    @property
    def parameter(self) -> str:
        """Return its name in addresses."""
        return f"{PREFIX}{self.variable.name}"

    @property
    def is_beyond(self) -> bool:
        """Return whether what is chosen is not in the list, which ends somewhere."""
        return bool(self.value) and self.value not in dict(self.choices)

    @property
    def words(self) -> str:
        """Return what is chosen, for people."""
        return dict(self.choices).get(self.value, self.value)


def chosen(
    variables: Iterable[Variable], asked: Mapping[str, str], scope: Scope
) -> dict[str, Choice]:
    """Return the variables by name, each with what is chosen of what this person may see."""
    return {
        one.name: _choice(one, asked.get(f"{PREFIX}{one.name}", ""), scope) for one in variables
    }


def _choice(one: Variable, asked: str, scope: Scope) -> Choice:
    devices = listing.accepted(scope.devices())
    if one.kind == "device" and one.type:
        devices = devices.filter(device_type=one.type)
    if one.kind == "zone":
        return _zone(one, asked)
    choices = _choices(one, devices, scope)
    known = {value for value, _words in choices}
    # A device beyond the list may still be asked for: its page leads here.
    for value in (asked, one.default):
        if value and (value in known or (one.kind == "device" and _is_there(devices, value))):
            break
    else:
        value = choices[0][0] if choices else ""
    return Choice(one, choices, value, _stands_for(one, devices, value))


def _zone(one: Variable, asked: str) -> Choice:
    """Return a choice of time zones, of which the first is one's own."""
    names = sorted(name for name in available_timezones() if _AREAS.match(name))
    choices = [("", gettext("one's own")), *((name, name) for name in ("UTC", *names))]
    known = {value for value, _words in choices}
    value = next((name for name in (asked, one.default) if name and name in known), "")
    return Choice(one, choices, value, [])


def _is_there(devices: QuerySet[Device], key: str) -> bool:
    return devices.filter(key=key).exists()


def _choices(one: Variable, devices: QuerySet[Device], scope: Scope) -> list[tuple[str, str]]:
    match one.kind:
        case "device":
            found = devices.order_by("key").only("key", "name")[:CHOICES]
            return [(device.key, str(device)) for device in found]
        case "site":
            sites = Site.objects.order_by("name")
            if not scope.everything:
                sites = sites.filter(pk__in=scope.sites)
            return list(sites.values_list("slug", "name")[:CHOICES])
        case "type":
            types = devices.exclude(device_type="").order_by("device_type")
            names: Any = types.values_list("device_type", flat=True).distinct()
        case _:
            tags = Tag.objects.filter(devices__in=devices).order_by("name")
            names = tags.values_list("name", flat=True).distinct()
    return [(name, name) for name in names[:CHOICES]]


def _stands_for(one: Variable, devices: QuerySet[Device], value: str) -> list[str]:
    if not value:
        return []
    match one.kind:
        case "device":
            return [value]
        case "site":
            found = listing.at_site(devices, value)
        case "type":
            found = devices.filter(device_type=value)
        case _:
            found = devices.filter(tags__name=value)
    return list(found.order_by("key").values_list("key", flat=True)[:DEVICES])


class Resolver:
    """Puts what is chosen into options."""

    def __init__(self, choices: Mapping[str, Choice], all_options: Iterable[Any]) -> None:
        """Read which series there are, of all that `all_options` may mean.

        Args:
            choices: of the board's variables.
            all_options: of all of its widgets.
        """
        self._choices = choices
        # The longest first: one may begin like another.
        names = "|".join(sorted(choices, key=len, reverse=True))
        self._names = re.compile(rf"\$({names})")
        self._series = _series(choices, list(all_options))

    def resolved(self, options: Any) -> Any:
        """Return `options` with keys of devices in place of variables; titles with words."""
        if isinstance(options, dict):
            return {name: self._option(name, value) for name, value in options.items()}
        if isinstance(options, (list, tuple)):
            # Each key once, however often it is named.
            made = (one for given in options for one in self._expanded(given))
            return _once(islice(made, 10 * ITEMS))[:ITEMS]
        return next(iter(self._expanded(options)), "")

    def _option(self, name: str, value: Any) -> Any:
        if name in WORDS:
            return self._words(value)
        if name in NAMES and isinstance(value, str):
            found = STANDS_FOR.fullmatch(value)
            choice = self._choices.get(found[1]) if found else None
            return choice.value if choice else value
        return self.resolved(value)

    def _expanded(self, value: Any) -> Sequence[Any]:
        """Return what stands in a list in place of `value`."""
        found = STANDS_FOR.match(value) if isinstance(value, str) else None
        choice = self._choices.get(found[1]) if found else None
        if found is None or choice is None:
            return [self.resolved(value) if isinstance(value, (dict, list, tuple)) else value]
        rest = value[found.end() :]
        if not rest:
            return choice.devices
        if len(choice.devices) == 1:
            return [f"{choice.devices[0]}{rest}"]
        return [key for device in choice.devices if (key := f"{device}{rest}") in self._series]

    def _words(self, text: Any) -> Any:
        """Return a text with what is chosen in place of variables: what is put in is only words."""
        if not (isinstance(text, str) and self._choices):
            return text
        return self._names.sub(lambda found: self._choices[found[1]].words[:LONGEST_WORDS], text)


def _once(items: Iterable[Any]) -> list[Any]:
    """Return `items` without texts that were there before."""
    seen: set[str] = set()
    found = []
    for one in items:
        if isinstance(one, str):
            if one in seen:
                continue
            seen.add(one)
        found.append(one)
    return found


def _series(choices: Mapping[str, Choice], all_options: Sequence[Any]) -> set[str]:
    """Return the keys of series that variables for several devices may mean."""
    used = {name for options in all_options for name in used_variables(options)}
    devices = {
        key
        for name, choice in choices.items()
        if name in used and len(choice.devices) > 1
        for key in choice.devices
    }
    metrics = {metric for options in all_options for metric in _metrics(options)}
    if not devices or not metrics:
        return set()
    found = Series.objects.filter(device__key__in=devices, metric__in=metrics, hidden=False)
    return {f"{key}/{metric}" for key, metric in found.values_list("device__key", "metric")}


def _metrics(options: Any) -> set[str]:
    if isinstance(options, str):
        found = STANDS_FOR.match(options)
        return {options[found.end() + 1 :]} if found and len(options) > found.end() else set()
    inner = options.values() if isinstance(options, dict) else options
    if not isinstance(inner, Iterable) or isinstance(inner, str):
        return set()
    return {metric for one in inner for metric in _metrics(one)}
