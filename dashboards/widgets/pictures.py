"""Widgets with a picture: it alone, or with values, states and links pinned on it."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.utils.translation import gettext_lazy
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dashboards.models import Picture as StoredPicture
from dashboards.widgets.base import Key, Options, Query, Widget
from dashboards.widgets.lists import address
from dashboards.widgets.registry import register
from devices.access import Scope
from devices.registry.states import AsOf

PINS = 60
_Share = Annotated[float, Field(ge=0, le=1)]


class PictureOptions(Options):
    """A picture that was sent to the board; `alt` says what it shows to who cannot see it."""

    picture: int = Field(ge=1, le=2**31 - 1)
    alt: str = Field(default="", max_length=300)


@register
class Picture(Widget[PictureOptions]):
    """A picture: a drawing, a photograph, a logo."""

    name = "picture"
    module = "dashboards/js/widgets/server-rendered.js"
    schema = PictureOptions
    template = "dashboards/widgets/picture.html"
    size = (4, 4)
    label = gettext_lazy("Picture")
    order = 170

    def read(self, scope: Scope, as_of: AsOf) -> dict[str, Any]:
        """Return how large the picture is; whether it is seen is decided where it is sent."""
        del scope, as_of
        return {"picture": StoredPicture.objects.filter(pk=self.options.picture).first()}


class Pin(BaseModel):
    """Something on a plan, at `x` and `y` from its upper left (0 to 1): a value, or a link."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    x: _Share = 0.5
    y: _Share = 0.5
    label: str = Field(default="", max_length=100)
    key: Key | None = None
    # Beside the value: how its device is.
    state: bool = False
    url: Annotated[str, Field(max_length=500), AfterValidator(address)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Pin":
        if not (self.key or self.label):
            raise ValueError("a pin needs a metric or a label")
        return self


class PlanOptions(PictureOptions):
    """A picture of a floor or a machine, with pins."""

    pins: tuple[Pin, ...] = Field(default=(), max_length=PINS)


@register
class Plan(Widget[PlanOptions]):
    """Values, states and links where they are, on a picture of the place."""

    name = "plan"
    module = "dashboards/js/widgets/plan.js"
    schema = PlanOptions
    template = "dashboards/widgets/plan.html"
    wide = True
    size = (8, 6)
    label = gettext_lazy("Plan with values on it")
    order = 170

    def query(self) -> Query | None:
        """Return the newest values of all pins."""
        keys = list(dict.fromkeys(pin.key for pin in self.options.pins if pin.key))
        return Query(keys, kind="latest") if keys else None

    def devices(self) -> Sequence[str]:
        """Return the devices whose states are told."""
        told = (pin.key for pin in self.options.pins if pin.key and pin.state)
        return list(dict.fromkeys(key.partition("/")[0] for key in told))

    def read(self, scope: Scope, as_of: AsOf) -> dict[str, Any]:
        """Return how large the picture is."""
        del scope, as_of
        return {"picture": StoredPicture.objects.filter(pk=self.options.picture).first()}
