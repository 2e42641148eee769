"""The widget that shows what is on of a site, a device, or everything one sees."""

from typing import Any

from django.utils.translation import gettext_lazy
from pydantic import Field, model_validator

from dashboards.presentation import alarms as presentation
from dashboards.widgets.base import Options, Widget
from dashboards.widgets.registry import register
from devices.access import Scope
from devices.alarms import listing
from devices.models import Site
from devices.registry.states import AsOf


class AlarmsOptions(Options):
    """Alarms of one site and those below it, of one device, or of all."""

    site: str = Field(default="", max_length=100)
    device: str = Field(default="", max_length=128)
    count: int = Field(default=10, ge=1, le=50)

    @model_validator(mode="after")
    def _of_one(self) -> "AlarmsOptions":
        if self.site and self.device:
            raise ValueError("name a site or a device, or none")
        return self


@register
class Alarms(Widget[AlarmsOptions]):
    """What is on, the worst first."""

    name = "alarms"
    module = "dashboards/js/widgets/alarms.js"
    schema = AlarmsOptions
    template = "dashboards/widgets/alarms.html"
    size = (6, 5)
    label = gettext_lazy("Alarms")
    order = 165

    def read(self, scope: Scope, as_of: AsOf) -> dict[str, Any]:
        """Return the alarms; None: of nothing that `scope` sees, or by a link."""
        del as_of
        if scope.is_by_link:
            return {"alarms": None, "is_by_link": True}
        found = listing.on(scope)
        if self.options.device:
            device = scope.devices().filter(key=self.options.device).first()
            if device is None:
                return {"alarms": None}
            return {"alarms": self._first(found.filter(device=device)), "heading": str(device)}
        if self.options.site:
            site = Site.objects.filter(slug=self.options.site).first()
            if site is None or not scope.may_see(site):
                return {"alarms": None}
            found = found.filter(device__site__in=presentation.sites_of(site))
            return {"alarms": self._first(found), "heading": str(site)}
        return {"alarms": self._first(found)}

    def _first(self, found: Any) -> list[Any]:
        return list(presentation.worst_first(found)[: self.options.count])
