"""The widget that shows the logbook of a site or a device on a board."""

from typing import Any

from django.utils.translation import gettext_lazy
from pydantic import Field, model_validator

from dashboards.models import Note
from dashboards.widgets.base import Options, Widget
from dashboards.widgets.registry import register
from devices.access import Scope
from devices.models import Site
from devices.registry.states import AsOf


class LogbookOptions(Options):
    """Notes of one site, or of one device."""

    site: str = Field(default="", max_length=100)
    device: str = Field(default="", max_length=128)
    count: int = Field(default=10, ge=1, le=50)

    @model_validator(mode="after")
    def _of_one(self) -> "LogbookOptions":
        if bool(self.site) == bool(self.device):
            raise ValueError("name a site or a device")
        return self


@register
class Logbook(Widget[LogbookOptions]):
    """The newest notes."""

    name = "logbook"
    module = "dashboards/js/widgets/logbook.js"
    schema = LogbookOptions
    template = "dashboards/widgets/logbook.html"
    size = (4, 5)
    label = gettext_lazy("Logbook")
    order = 160

    def read(self, scope: Scope, as_of: AsOf) -> dict[str, Any]:
        """Return the notes, newest first; None: of nothing that `scope` sees, or by a link."""
        del as_of
        if scope.is_by_link:
            return {"notes": None, "is_by_link": True}
        notes = Note.objects.filter(deleted_by="").prefetch_related("pictures")
        device = scope.devices().filter(key=self.options.device).first()
        site = Site.objects.filter(slug=self.options.site).first()
        if device is not None:
            notes = notes.filter(device=device)
        elif site is not None and scope.may_see(site):
            notes = notes.filter(site=site)
        else:
            return {"notes": None}
        shown = notes.order_by("-made_at", "-pk")[: self.options.count]
        return {"notes": shown, "heading": str(device or site)}
