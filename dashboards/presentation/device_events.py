"""Everything that happened to a device, as one list: what it said, was lost, or people did."""

from collections.abc import Iterator
from typing import NamedTuple

from django.utils.translation import gettext

from dashboards.presentation.device_rows import changes_said
from devices.models import Correction, Device
from devices.monitoring import losses

# Of each kind, the newest.
EACH = 200


class Event(NamedTuple):
    """Something that happened; times in µs.

    Args:
        at: when, or when it began.
        icon: see `dashboards.presentation.icons`.
        what: in a word or two.
        words: what is to be told of it.
        by: who did it.
        until: when it ended; None: it has not, or took no time.
        lasts: whether it is still so.
    """

    at: int
    icon: str
    what: str
    words: str = ""
    by: str = ""
    until: int | None = None
    lasts: bool = False


def events_of(device: Device) -> list[Event]:
    """Return what happened to `device`, the newest first."""
    found = [
        *_registered(device),
        *_offline(device),
        *_lost(device),
        *_marked(device),
        *_said(device),
    ]
    return sorted(found, key=lambda event: event.at, reverse=True)


def _registered(device: Device) -> Iterator[Event]:
    at = round(device.created_at.timestamp() * 1e6)
    yield Event(at, "plus", gettext("heard of for the first time"))


def _offline(device: Device) -> Iterator[Event]:
    for span in device.offline_spans.order_by("-since")[:EACH]:
        lasts = span.until is None
        yield Event(span.since, "plug", gettext("offline"), until=span.until, lasts=lasts)


def _lost(device: Device) -> Iterator[Event]:
    for loss in device.losses.order_by("-until")[:EACH]:
        number = gettext("an unknown number") if loss.packets is None else str(loss.packets)
        words = gettext("packets: %(number)s; %(why)s") % {
            "number": number,
            "why": losses.WORDS.get(loss.reason, loss.reason),
        }
        what = gettext("lost")
        yield Event(loss.since, "triangle-alert", what, words, until=loss.until)


def _marked(device: Device) -> Iterator[Event]:
    marks = Correction.objects.filter(series__device=device)
    for mark in marks.select_related("series", "made_by", "undone_by")[:EACH]:
        words = f"{mark.series.metric}: {mark.get_kind_display()}. {mark.reason}"
        made, by = round(mark.made_at.timestamp() * 1e6), str(mark.made_by or "")
        yield Event(made, "pencil", gettext("readings marked"), words, by)
        if mark.undone_at is not None:
            at, by = round(mark.undone_at.timestamp() * 1e6), str(mark.undone_by or "")
            yield Event(at, "undo-2", gettext("mark undone"), words, by)


def _said(device: Device) -> Iterator[Event]:
    for change in changes_said(device):
        words = f"{change['field']}, {change['old']} → {change['new']}"
        what = gettext("says something else of itself")
        yield Event(change["micros"], "tag", what, words)
