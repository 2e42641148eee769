"""What is around every page: where one can go, and how the person wants it to look.

An app of `EXTRA_APPS`, or a later part of the product, registers its own entry:

    register(Entry("alarms", gettext_lazy("Alarms"), "bell", order=15))
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from dashboards.presentation import site_tree
from devices.access import runs_sites, scope_of
from devices.models import Membership, Preferences, Role, preferences_of


def _everybody(_user: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """A place that one can go to.

    Args:
        url: the name of its path.
        label: what it is called.
        icon: see `dashboards.presentation.icons`.
        order: of the entries.
        pages: names of other paths that belong to it.
        may_see: whether a user sees it.
        on_phones: it is one of the few at the bottom of a phone's screen.
        words: it is found by these, too.
    """

    url: str
    label: Any
    icon: str
    order: int = 50
    pages: frozenset[str] = field(default_factory=frozenset)
    may_see: Callable[[Any], bool] = _everybody
    on_phones: bool = False
    words: Any = ""


def _runs_sites(user: Any) -> bool:
    return runs_sites(user) or Membership.objects.filter(user=user, role=Role.MANAGER).exists()


def _may(*permissions: str) -> Callable[[Any], bool]:
    return lambda user: user.is_staff and user.has_perms(permissions)


_entries: list[Entry] = []


def register(*entries: Entry) -> None:
    """Show `entries` around every page."""
    _entries.extend(entries)
    _entries.sort(key=lambda entry: entry.order)


register(
    Entry(
        "overview",
        gettext_lazy("Devices"),
        "cpu",
        10,
        frozenset(
            {
                "device",
                "corrections",
                "device-events",
                "device-history",
                "device-connection",
                "device-settings",
                "pending",
            }
        ),
        on_phones=True,
        words=gettext_lazy("overview, list, sensors"),
    ),
    Entry(
        "alarms",
        gettext_lazy("Alarms"),
        "bell",
        15,
        frozenset(
            {
                "alarm",
                "alarm-rules",
                "alarm-rule",
                "new-alarm-rule",
                "alarm-receivers",
                "alarm-receiver",
                "new-alarm-receiver",
                "maintenance",
            }
        ),
        on_phones=True,
        words=gettext_lazy("limits, rules, acknowledge, shelve, maintenance, e-mail, webhook"),
    ),
    Entry(
        "boards",
        gettext_lazy("Boards"),
        "layout-dashboard",
        20,
        frozenset(
            {
                "site-board",
                "type-board",
                "unsited-board",
                "board",
                "edit-board",
                "board-settings",
                "board-links",
            }
        ),
        on_phones=True,
        words=gettext_lazy("charts, dashboards, sites"),
    ),
    Entry(
        "logbook",
        gettext_lazy("Logbook"),
        "notebook-pen",
        25,
        words=gettext_lazy("notes, shift, comments"),
    ),
    Entry(
        "status",
        gettext_lazy("Status"),
        "activity",
        30,
        on_phones=True,
        words=gettext_lazy("health, broker, worker, losses"),
    ),
    Entry(
        "jobs",
        gettext_lazy("Jobs"),
        "list-checks",
        40,
        frozenset({"export", "import", "import-job"}),
        words=gettext_lazy("export, import, download, CSV"),
    ),
    Entry(
        "sites",
        gettext_lazy("Sites"),
        "building-2",
        45,
        frozenset({"site-settings"}),
        _runs_sites,
        words=gettext_lazy("members, people, roles, retention"),
    ),
    Entry(
        "connect",
        gettext_lazy("Connect"),
        "plug",
        50,
        frozenset({"sources", "source"}),
        _may("devices.add_source"),
        words=gettext_lazy("sources, brokers, discover, templates"),
    ),
    Entry(
        "inspect",
        gettext_lazy("Inspect"),
        "scan-search",
        60,
        may_see=_may("mqtt_ingest.view_deadletter"),
        words=gettext_lazy("packets, topics, dead letters"),
    ),
    Entry(
        "admin:index",
        gettext_lazy("Admin"),
        "wrench",
        70,
        may_see=lambda user: user.is_staff,
        words=gettext_lazy("registry, people, roles, tokens, kiosks"),
    ),
)


def seen_by(user: Any) -> list[Entry]:
    """Return where `user` can go."""
    return [entry for entry in _entries if entry.may_see(user)]


class Shell:
    """What a page of one request is surrounded by; read where it is asked for."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def entries(self) -> list[Entry]:
        """Return where this person can go."""
        return seen_by(self._request.user)

    @property
    def on_phones(self) -> list[Entry]:
        """Return what is at the bottom of a phone's screen, beside the menu."""
        return [entry for entry in self.entries if entry.on_phones][:3]

    @property
    def current(self) -> str:
        """Return the path of the entry that the page belongs to."""
        match = self._request.resolver_match
        name = match.view_name if match else ""
        found = (one.url for one in self.entries if name == one.url or name in one.pages)
        return next(found, "")

    @property
    def label(self) -> str:
        """Return what that entry is called; empty: the page belongs to none."""
        return next((str(one.label) for one in self.entries if one.url == self.current), "")

    @property
    def site(self) -> str:
        """Return the slug of the site that the page shows."""
        match = self._request.resolver_match
        return (
            str(match.kwargs.get("slug", "")) if match and match.view_name == "site-board" else ""
        )

    @cached_property
    def tree(self) -> site_tree.Tree:
        """Return the sites that this person sees."""
        return site_tree.tree(scope_of(self._request.user))

    @cached_property
    def look(self) -> Preferences:
        """Return how this person wants pages to look."""
        return preferences_of(self._request.user)
