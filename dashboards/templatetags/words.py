"""Template filters that put states and times into words."""

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards.formats import format_age

register = template.Library()

_SHAPES = {"online": "●", "stale": "◐", "offline": "■", "never": "○"}


@register.filter
def badge(state: str) -> SafeString:
    """Return a device state as shape and word, so that it needs no colour."""
    return format_html(
        '<span class="badge" data-state="{}"><span aria-hidden="true">{}</span> {}</span>',
        state,
        _SHAPES.get(state, "○"),
        state,
    )


@register.simple_tag
def ago(moment: datetime | None, now: datetime) -> SafeString:
    """Return a moment as its age, which the browser keeps counting; `never` for none."""
    if moment is None:
        return format_html("<span>{}</span>", "never")
    return format_html(
        '<time datetime="{}" data-ago="{}" title="{} UTC">{}</time>',
        moment.isoformat(),
        round(moment.timestamp() * 1_000),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        format_age((now - moment).total_seconds()),
    )


@register.simple_tag
def at(moment: datetime) -> SafeString:
    """Return a moment as date and time; the browser shows it in its own zone."""
    return format_html(
        '<time datetime="{}" data-at>{} UTC</time>',
        moment.isoformat(),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
    )
