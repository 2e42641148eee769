"""What every widget is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from devices.access import Scope
from devices.queries import SeriesInfo
from devices.registry.states import AsOf

# `{device key}/{metric}`
Key = Annotated[str, Field(pattern=r"^[^/]+/.+$", max_length=330)]


class Options(BaseModel):
    """What can be set of a widget; subclasses add fields, an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(default="", max_length=200)


class Threshold(BaseModel):
    """A value from which on (`above`) or up to which something is to be looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    level: Literal["warn", "bad"] = "warn"
    above: bool = True
    label: str = Field(default="", max_length=60)


@dataclass(frozen=True, slots=True)
class Query:
    """The series that a widget shows.

    Args:
        keys: `{device key}/{metric}` each.
        kind: `series` for a window of time, `latest` for newest values alone.
        points: how many points of each series are wanted; more become bins.
    """

    keys: Sequence[str]
    kind: Literal["series", "latest"] = "series"
    points: int = 400


OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass(frozen=True, slots=True)
class Offer(Generic[OptionsT]):
    """What a widget would show of some series on a board that makes itself.

    Args:
        options: of the widget to place.
        keys: of the series that no later widget needs to show.
    """

    options: OptionsT
    keys: Sequence[str]


class Widget(Generic[OptionsT]):
    """A widget with its options. Subclasses are registered once.

    Attributes:
        name: how boards and pages call it.
        module: the ES module below the static files; it exports `mount`.
        schema: the class of its options.
        template: what the server renders in it; it has `widget`, `cells` (newest values)
            and `rows` (of `devices` and those of the cells, if it shows any).
        wide: whether it takes a whole row.
        size: how many columns of 12, and rows, it takes on a board unless somebody resizes it.
        label: what people call it; empty: it is on boards by itself, not to be chosen.
        order: who is asked first for offers; built-in widgets begin at 100.
    """

    name: ClassVar[str]
    module: ClassVar[str]
    schema: ClassVar[type[Options]]
    template: ClassVar[str] = "dashboards/widgets/newest.html"
    wide: ClassVar[bool] = False
    size: ClassVar[tuple[int, int]] = (3, 3)
    label: ClassVar[Any] = ""
    order: ClassVar[int] = 50

    def __init__(self, options: OptionsT) -> None:
        """Prepare a widget that shows `options`."""
        self.options = options

    @classmethod
    def of(cls, options: dict[str, Any]) -> "Widget[Any]":
        """Return the widget with `options`, as JSON has them.

        Raises:
            pydantic.ValidationError: names each field that is wrong, and why.
        """
        return cls(cls.schema.model_validate(options))  # type: ignore[arg-type]

    def query(self) -> Query | None:
        """Return what it reads; None: nothing."""
        return None

    def read(self, scope: Scope, as_of: AsOf) -> dict[str, Any]:
        """Return what its template needs besides, as `more`: of what `scope` may see alone.

        `heading` of it stands above a widget that has no title, and no series that name it.
        """
        del scope, as_of
        return {}

    @classmethod
    def all_sources(cls) -> dict[str, list[str]]:
        """Return what the Content-Security-Policy of its pages lets in besides.

        By directive, origins: only what an operator has named in the settings.
        """
        return {}

    def sources(self) -> dict[str, list[str]]:
        """Return the same of this widget."""
        return self.all_sources()

    def devices(self) -> Sequence[str]:
        """Return the keys of devices whose states it shows, as `rows` in its template."""
        return ()

    @classmethod
    def offers(cls, series: Sequence[SeriesInfo]) -> Sequence[Offer[OptionsT]]:
        """Return what it would show of `series`, which no earlier widget has taken."""
        del series
        return ()

    def setup(self) -> dict[str, Any]:
        """Return what the ES module gets: the options and the query, as JSON has them."""
        query = self.query()
        return {
            "options": self.options.model_dump(mode="json"),
            "query": None if query is None else {**asdict(query), "keys": list(query.keys)},
        }
