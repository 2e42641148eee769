"""Template filters that put states and times into words."""

from datetime import datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from dashboards.boards import rights
from dashboards.logbook import places
from dashboards.middleware.time_zone import zone_name
from dashboards.models import Board, Note
from dashboards.presentation import modules, units
from dashboards.presentation.formats import format_age, format_value
from dashboards.presentation.icons import ICONS
from devices.access import scope_of
from devices.models import Device
from devices.monitoring import losses
from devices.queries import SeriesInfo, Value
from devices.timestamps import moment

register = template.Library()

STYLES = ("tokens", "base", "shell", "controls", "data", "charts", "overlays", "wall")
# Boards beside a device.
TABS = 6
# Below a page, for browsers without JavaScript.
NOTES = 20
_SHAPES = {"online": "●", "stale": "◐", "unknown": "?", "offline": "■", "never": "○"}


@register.filter
def badge(state: str) -> SafeString:
    """Return a device state as shape and word, so that it needs no colour."""
    return format_html(
        '<span class="badge" data-state="{}"><span aria-hidden="true">{}</span> {}</span>',
        state,
        _SHAPES.get(state, "○"),
        gettext(state),
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return an icon of the sprite, beside words that say the same.

    Raises:
        LookupError: the sprite has none of that name.
    """
    if name not in ICONS:
        raise LookupError(f"dashboards/presentation/icons.py has no icon {name!r}")
    sprite = static("dashboards/icons/lucide.svg")
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', sprite, name
    )


@register.simple_tag
def style_sheets() -> SafeString:
    """Return the links to the style sheets, in their order."""
    links = ((static(f"dashboards/css/{name}.css"),) for name in STYLES)
    return format_html_join("\n    ", '<link rel="stylesheet" href="{}">', links)


@register.simple_tag(takes_context=True)
def preloaded_modules(context: dict[str, Any]) -> SafeString:
    """Return links to the ES modules that the page needs, so that none waits for another."""
    match = getattr(context.get("request"), "resolver_match", None)
    paths = modules.needed(match.view_name if match else "")
    links = ((static(path),) for path in paths if path != modules.ENTRY)
    return format_html_join("\n    ", '<link rel="modulepreload" href="{}">', links)


@register.simple_tag(takes_context=True)
def boards_of(context: dict[str, Any], device: Device) -> list[Board]:
    """Return the boards that each device of this one's type has, of those the person sees."""
    if not device.device_type:
        return []
    user = context["request"].user
    found = rights.readable(user, scope_of(user)).filter(device_type=device.device_type)
    return list(found.exclude(revision=0)[:TABS])


@register.simple_tag(takes_context=True)
def notes_of(context: dict[str, Any], kind: places.Kind, row: Any) -> dict[str, Any]:
    """Return the newest notes of a page's site, device or board, and whether one may write."""
    user, place = context["request"].user, places.Place(kind, row)
    notes = Note.objects.filter(**place.query, deleted_by="").order_by("-made_at")
    notes = notes.prefetch_related("pictures")
    may_write = places.may_write(place, user, scope_of(user))
    return {"name": place.name, "notes": list(notes[:NOTES]), "may_write": may_write}


@register.simple_tag
def moment_of(ms: int) -> SafeString:
    """Return ms since 1970 as date and time."""
    return at(moment(ms * 1_000))


@register.simple_tag
def ago(when: datetime | None, now: datetime) -> SafeString:
    """Return a moment as its age, which the browser keeps counting; `never` for none."""
    if when is None:
        return format_html("<span>{}</span>", gettext("never"))
    return format_html(
        '<time datetime="{}" data-ago="{}" title="{} {}">{}</time>',
        when.isoformat(),
        round(when.timestamp() * 1_000),
        timezone.localtime(when).strftime("%Y-%m-%d %H:%M:%S"),
        zone_name(),
        format_age((now - when).total_seconds()),
    )


@register.simple_tag
def at(when: datetime) -> SafeString:
    """Return a moment as date and time; the browser shows it in its own zone."""
    return _local(when, "", "%Y-%m-%d %H:%M:%S")


@register.simple_tag
def clock(when: datetime) -> SafeString:
    """Return a moment as time of day; the browser adds the date where that is not today."""
    return _local(when, "clock", "%H:%M:%S")


def _local(when: datetime, kind: str, pattern: str) -> SafeString:
    """Return a moment by `pattern` in the person's zone; the browser writes it anew, by `kind`."""
    return format_html(
        '<time datetime="{}" data-at="{}">{} {}</time>',
        when.isoformat(),
        kind,
        timezone.localtime(when).strftime(pattern),
        zone_name(),
    )


@register.simple_tag
def micros(ts: int) -> SafeString:
    """Return µs since 1970 as date and time."""
    return at(moment(ts))


@register.filter
def turned(sort: str, name: str) -> str:
    """Return how a list is ordered after a click on a column: by it, or the other way round."""
    other = name.removeprefix("-") if name.startswith("-") else f"-{name}"
    return other if sort == name else name


@register.simple_tag(takes_context=True)
def sorted_by(context: dict[str, Any], name: str, is_metric: bool = False) -> SafeString:  # noqa: FBT001, FBT002 - a tag's
    """Return what tells a reader of screens that the list is ordered by a column."""
    sort = context.get("sort", "")
    wanted = f"metric:{name}" if is_metric else name
    if not context.get("sorting") or sort.removeprefix("-") != wanted or not wanted:
        return SafeString("")
    return format_html(' aria-sort="{}"', "descending" if sort.startswith("-") else "ascending")


@register.filter
def shown_unit(info: SeriesInfo) -> str:
    """Return the unit that values of a series are shown in."""
    return units.shown(info).unit


@register.filter
def iso(ts: int) -> str:
    """Return µs since 1970 as an ISO time, for addresses."""
    return moment(ts).isoformat()


@register.filter
def shown(value: Value) -> str:
    """Return a value for people."""
    return format_value(value)


@register.filter
def loss_words(reason: str) -> str:
    """Return where a named loss happened."""
    return gettext(losses.WORDS.get(reason, reason))


@register.filter
def count(counts: dict[str, int] | None, state: str) -> int:
    """Return how many devices of a site are in `state`; 0 where nothing is known of it."""
    return (counts or {}).get(state, 0)
