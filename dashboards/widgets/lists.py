"""Widgets that list: devices, the states of sites, links."""

from typing import Annotated, Any, Literal

from django.utils.translation import gettext_lazy
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dashboards.presentation import device_rows, site_tree
from dashboards.widgets.base import Options, Widget
from dashboards.widgets.registry import register
from devices import queries
from devices.access import Scope
from devices.registry import listing
from devices.registry.states import STATES, AsOf

_SERVER = "dashboards/js/widgets/server-rendered.js"


class DevicesOptions(Options):
    """Which devices: empty fields do not narrow; a site has those of the sites below it."""

    site: str = Field(default="", max_length=100)
    type: str = Field(default="", max_length=100)
    tag: str = Field(default="", max_length=100)
    state: Literal["", "online", "stale", "unknown", "offline", "never"] = ""
    count: int = Field(default=20, ge=1, le=50)


@register
class Devices(Widget[DevicesOptions]):
    """Devices with their states and newest values, the worst first."""

    name = "devices"
    module = _SERVER
    schema = DevicesOptions
    template = "dashboards/widgets/devices.html"
    wide = True
    size = (12, 5)
    label = gettext_lazy("Devices of a site, type or tag")
    order = 160

    def read(self, scope: Scope, as_of: AsOf) -> dict[str, Any]:
        """Return rows of the devices."""
        of = self.options
        filters = listing.Filters(site=of.site, device_type=of.type, tag=of.tag, state=of.state)
        found = listing.worst_first(filters.apply(scope.devices(), as_of), as_of)
        since = scope.earliest(queries.now_us())
        return {"rows": device_rows.rows_of(list(found[: of.count]), as_of, since=since)}


class StatesOptions(Options):
    """A site, with those below it; none: all sites."""

    site: str = Field(default="", max_length=100)


@register
class States(Widget[StatesOptions]):
    """How many devices of each site are in which state."""

    name = "states"
    module = _SERVER
    schema = StatesOptions
    template = "dashboards/widgets/states.html"
    size = (4, 3)
    label = gettext_lazy("States of sites")
    order = 160

    def read(self, scope: Scope, as_of: AsOf) -> dict[str, Any]:
        """Return the sites with their counts."""
        counts = listing.fleet_of(scope, listing.fleet(as_of))
        sites = site_tree.listed(scope, counts)
        chosen = next((one for one in sites if one.site.slug == self.options.site), None)
        if self.options.site:
            slugs = set(chosen.slugs.split()) if chosen else set()
            sites = [one for one in sites if one.site.slug in slugs]
        return {"sites": sites, "states": STATES}


def address(text: str) -> str:
    """Return an address that a link may lead to.

    Raises:
        ValueError: it is none.
    """
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\"))
    if not (is_ours or text.startswith(("http://", "https://"))):
        raise ValueError("begin it with https://, http:// or / (a page of this installation)")
    return text


class Link(BaseModel):
    """A link; `url` is a page here (`/boards/oil/`) or elsewhere (`https://…`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = Field(min_length=1, max_length=100)
    url: Annotated[str, Field(max_length=500), AfterValidator(address)]


class LinksOptions(Options):
    """Links."""

    links: tuple[Link, ...] = Field(min_length=1, max_length=20)


@register
class Links(Widget[LinksOptions]):
    """Ways to other pages: instructions, other boards."""

    name = "links"
    module = _SERVER
    schema = LinksOptions
    template = "dashboards/widgets/links.html"
    label = gettext_lazy("Links")
    order = 160
