"""Widgets that need others: maps with tiles from elsewhere, pages of other sites in a frame."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.conf import settings
from django.utils.translation import gettext_lazy
from pydantic import Field

from dashboards.widgets.base import Options, Query, Widget
from dashboards.widgets.registry import register
from devices.access import Scope
from devices.addresses import origin_of
from devices.registry.states import AsOf

DEVICES = 100
_Metric = Annotated[str, Field(min_length=1, max_length=200)]
_Device = Annotated[str, Field(pattern=r"^[^/]+$", max_length=130)]


class MapOptions(Options):
    """Devices that tell where they are: which of their metrics are latitude and longitude."""

    devices: Annotated[tuple[_Device, ...], Field(min_length=1, max_length=DEVICES)]
    latitude: _Metric = "lat"
    longitude: _Metric = "lon"
    # With the way that each came.
    trail: bool = True


@register
class Map(Widget[MapOptions]):
    """Where devices are, and the way they came; tiles are those that the operator names."""

    name = "map"
    module = "dashboards/js/widgets/map.js"
    schema = MapOptions
    template = "dashboards/widgets/map.html"
    wide = True
    size = (8, 6)
    label = gettext_lazy("Map")
    order = 180

    def query(self) -> Query:
        """Return latitude and longitude of each device."""
        names = (self.options.latitude, self.options.longitude)
        keys = [f"{device}/{name}" for device in self.options.devices for name in names]
        return Query(keys, points=200)

    def devices(self) -> Sequence[str]:
        """Return the devices."""
        return self.options.devices

    @classmethod
    def all_sources(cls) -> dict[str, list[str]]:
        """Return where tiles come from."""
        return {"img-src": [origin(settings.MAP_TILES)]} if settings.MAP_TILES else {}

    def setup(self) -> dict[str, Any]:
        """Return besides where tiles come from, and who is named for that."""
        told = {"tiles": settings.MAP_TILES, "attribution": settings.MAP_ATTRIBUTION}
        made = super().setup()
        return {**made, "options": {**made["options"], **told}}


class PageOptions(Options):
    """A page of another site."""

    url: str = Field(max_length=1_000, pattern=r"^https?://")


@register
class EmbeddedPage(Widget[PageOptions]):
    """A page of another site in a frame, where the operator allows that site."""

    name = "page"
    module = "dashboards/js/widgets/server-rendered.js"
    schema = PageOptions
    template = "dashboards/widgets/page.html"
    wide = True
    size = (6, 5)
    label = gettext_lazy("Page of another site")
    order = 180

    @classmethod
    def all_sources(cls) -> dict[str, list[str]]:
        """Return whose pages may be in a frame."""
        return {"frame-src": list(settings.EMBED_ORIGINS)} if settings.EMBED_ORIGINS else {}

    def read(self, scope: Scope, as_of: AsOf) -> dict[str, Any]:
        """Return whether its site is one of those."""
        del scope, as_of
        found = origin(self.options.url)
        return {"origin": found, "heading": found, "is_allowed": found in settings.EMBED_ORIGINS}


def origin(url: str) -> str:
    """Return the origin of a URL; empty where it has none that can be named in a policy."""
    scheme, _found, rest = url.partition("://")
    host = rest.replace("?", "/").replace("#", "/").partition("/")[0]
    try:
        return origin_of(f"{scheme}://{host}")
    except ValueError:
        return ""
