"""What a person may mean by a few letters: devices, metrics, sites, boards, types, pages."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext

from dashboards.boards import rights
from dashboards.presentation import metric_names, shell
from devices.access import Scope
from devices.models import Series, Site
from devices.registry.listing import named, searched

# Of each kind; and names of metrics that are looked for among the series of a few sites.
MOST, NAMES = 8, 50


class Hit(NamedTuple):
    """Something that was found."""

    kind: str
    title: str
    detail: str
    url: str


def found(text: str, scope: Scope, user: Any) -> list[Hit]:
    """Return what `text` may mean, devices first; without a word the pages there are."""
    words = searched(text)
    if not words:
        return list(_pages(words, user))
    return [
        *_devices(words, scope),
        *_sites(words, scope),
        *_boards(words, scope, user),
        *_types(words, scope),
        *_pages(words, user),
        *_metrics(words, scope),
    ]


def _pages(words: list[str], user: Any) -> Iterator[Hit]:
    known = [(str(one.label), str(one.words), reverse(one.url)) for one in shell.seen_by(user)]
    known.append((gettext("Your settings"), gettext("units, colours"), reverse("account")))
    for label, more, url in known:
        told = f"{label} {more}".lower()
        if all(word.lower() in told for word in words):
            yield Hit("page", label, "", url)


def _devices(words: list[str], scope: Scope) -> Iterator[Hit]:
    devices = scope.devices().select_related("site").order_by("key")
    # Who types a key, or how it begins, means that one; the index answers.
    begins = devices.filter(key__gte=words[0], key__lt=words[0] + "\U0010ffff")[:MOST]
    first = list(begins) if len(words) == 1 else []
    more = named(devices, words).exclude(pk__in=[one.pk for one in first])[: MOST - len(first)]
    for device in [*first, *more]:
        detail = " · ".join(filter(None, [device.key, str(device.site or "")]))
        yield Hit("device", str(device), detail, reverse("device", args=[device.key]))


def _sites(words: list[str], scope: Scope) -> Iterator[Hit]:
    sites = _all_words(Site.objects.order_by("name"), words, "name", "slug")
    if not scope.everything:
        sites = sites.filter(pk__in=scope.sites)
    for site in sites[:MOST]:
        yield Hit("site", site.name, "", reverse("site-board", args=[site.slug]))


def _boards(words: list[str], scope: Scope, user: Any) -> Iterator[Hit]:
    for board in _all_words(rights.readable(user, scope), words, "title", "slug")[:MOST]:
        yield Hit("board", board.title, str(board.site or ""), board.get_absolute_url())


def _types(words: list[str], scope: Scope) -> Iterator[Hit]:
    types = _all_words(scope.devices().exclude(device_type=""), words, "device_type")
    for name in types.order_by("device_type").values_list("device_type", flat=True).distinct()[:4]:
        yield Hit("type", name, "", f"{reverse('type-board')}?{urlencode({'type': name})}")


def _metrics(words: list[str], scope: Scope) -> Iterator[Hit]:
    series = Series.objects.filter(hidden=False)
    if not scope.everything:
        series = series.filter(device__in=scope.devices())
    found = _named(series, words, scope).select_related("device")
    # Any of them where few are seen: to put them in order first, all would be read.
    for one in found.order_by(*(["pk"] if scope.everything else []))[:MOST]:
        url = f"{reverse('device', args=[one.device.key])}#metric-{quote(one.metric)}"
        yield Hit("metric", one.label or one.metric, str(one.device), url)


def _named(series: QuerySet[Any], words: list[str], scope: Scope) -> QuerySet[Any]:
    """Return those of `series` with `words` in their name: the names are few, the series many."""
    names = metric_names.named(words)
    if names is None:
        return _all_words(series, words, "metric", "label")
    either = Q(pk__in=[])
    for metric, label in names[: MOST if scope.everything else NAMES]:
        either |= Q(metric=metric, label=label)
    return series.filter(either)


def _all_words(rows: QuerySet[Any], words: list[str], *columns: str) -> QuerySet[Any]:
    """Return those of `rows` that have every word in one of `columns`."""
    for word in words:
        either = Q()
        for column in columns:
            either |= Q(**{f"{column}__icontains": word})
        rows = rows.filter(either)
    return rows


__all__ = ["Hit", "found"]
