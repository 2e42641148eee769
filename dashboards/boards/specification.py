"""What a board is made of, as JSON: docs/reference/boards.md.

A specification is checked whole before it is stored. What was stored by another version, or
with widgets of an app that is gone, is read leniently: `dashboards.boards.made` says in place
what cannot be shown.
"""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dashboards.widgets import find

VERSION = 1
COLUMNS = 12
WIDGETS, VARIABLES = 60, 8
# Of a specification, as JSON.
LONGEST = 100_000
MAX_MINUTES = 5 * 366 * 24 * 60

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
# `$name` alone, or before the metric of a key.
STANDS_FOR = re.compile(r"\$([a-z][a-z0-9_]{0,29})(?=/|\Z)")
# Options that name a site, a type or a tag, not devices.
NAMES = frozenset({"site", "type", "tag"})
# Options that are words for people.
WORDS = frozenset({"title", "text", "label"})


class WrongSpecification(ValueError):
    """A board that cannot be stored.

    Args:
        problems: (where, what is wrong) each; `widgets.3.options.key` for example.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        told = (f"{where}: {words}" if where else words for where, words in problems)
        super().__init__("; ".join(told))
        self.problems = problems


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variable(_Strict):
    """Something that whoever looks at the board chooses: `$name` in keys and titles.

    `device` stands for one device (of `type`, where it says one); `site`, `type` and `tag` for
    all devices there, of that type, with that tag. `zone` is the time zone of the whole board.
    """

    name: Name
    kind: Literal["device", "site", "type", "tag", "zone"]
    label: str = Field(default="", max_length=60)
    type: str = Field(default="", max_length=100)
    default: str = Field(default="", max_length=128)


class Placing(_Strict):
    """Where a widget is, in cells of a grid of 12 columns."""

    x: int = Field(ge=0, lt=COLUMNS)
    y: int = Field(ge=0, le=1_000)
    w: int = Field(ge=1, le=COLUMNS)
    h: int = Field(ge=1, le=40)

    @model_validator(mode="after")
    def _inside(self) -> "Placing":
        if self.x + self.w > COLUMNS:
            raise ValueError(f"x + w must be {COLUMNS} at most")
        return self


class PlacedWidget(Placing):
    """A widget on a board; `kind` is the name of its class, `id` is its own for good."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    kind: str = Field(min_length=1, max_length=60)
    options: dict[str, Any] = Field(default_factory=dict)


class Specification(_Strict):
    """A board."""

    version: Literal[1] = 1
    minutes: int = Field(default=60, ge=1, le=MAX_MINUTES)
    variables: tuple[Variable, ...] = Field(default=(), max_length=VARIABLES)
    widgets: tuple[PlacedWidget, ...] = Field(default=(), max_length=WIDGETS)

    @model_validator(mode="after")
    def _told_apart(self) -> "Specification":
        for what, names in (
            ("widgets", [one.id for one in self.widgets]),
            ("variables", [one.name for one in self.variables]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: {', '.join(twice)} is there twice")
        return self


def checked(given: Any, before: Any = None) -> dict[str, Any]:
    """Return a specification as it is stored.

    Args:
        given: as JSON has it.
        before: what is stored now. A widget of it may stay though its app is gone.

    Raises:
        WrongSpecification: says what is wrong, and where.
    """
    _check_size(given)
    if isinstance(given, dict) and (version := given.get("version", VERSION)) != VERSION:
        raise WrongSpecification([("version", f"{version!r} is not {VERSION}, which is read here")])
    try:
        made = Specification.model_validate(given)
    except ValidationError as error:
        raise WrongSpecification(_problems(error, "")) from error
    kept = {one["id"]: one for one in widgets_of(before)}
    names = {one.name for one in made.variables}
    problems = [
        problem
        for number, one in enumerate(made.widgets)
        if not _is_kept(one, kept.get(one.id))
        for problem in _wrong_options(one, number, names)
    ]
    if problems:
        raise WrongSpecification(problems)
    return made.model_dump(mode="json")


def widgets_of(stored: Any) -> list[dict[str, Any]]:
    """Return the widgets of what is stored, whatever that is."""
    return [
        one
        for one in listed(stored, "widgets")
        if isinstance(one, dict)
        and isinstance(one.get("id"), str)
        and isinstance(one.get("kind"), str)
    ]


def listed(stored: Any, name: str) -> list[Any]:
    """Return the list `name` of what is stored, whatever that is."""
    found = stored.get(name) if isinstance(stored, dict) else None
    return found if isinstance(found, list) else []


def _is_kept(one: PlacedWidget, before: dict[str, Any] | None) -> bool:
    return (
        before is not None and before["kind"] == one.kind and before.get("options") == one.options
    )


def _wrong_options(one: PlacedWidget, number: int, variables: set[str]) -> list[tuple[str, str]]:
    where = f"widgets.{number}"
    try:
        find(one.kind).of(one.options)
    except LookupError as error:
        return [(f"{where}.kind", str(error.args[0]))]
    except ValidationError as error:
        return _problems(error, f"{where}.options.")
    unknown = sorted(used_variables(one.options) - variables)
    return [(f"{where}.options", f"there is no variable ${name}") for name in unknown]


def used_variables(options: Any) -> set[str]:
    """Return the names of the variables that stand for devices in `options`."""
    if isinstance(options, str):
        found = STANDS_FOR.match(options)
        return {found[1]} if found else set()
    if isinstance(options, dict):
        options = [value for name, value in options.items() if name not in WORDS]
    if not isinstance(options, (list, tuple)):
        return set()
    return {name for one in options for name in used_variables(one)}


def _check_size(given: Any) -> None:
    """Refuse what is too long, or what no database keeps, before it is looked at closer."""
    try:
        size = len(json.dumps(given, allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise WrongSpecification([("", f"this is no JSON: {error}")]) from error
    if size > LONGEST:
        raise WrongSpecification([("", f"longer than {LONGEST} bytes")])


def _problems(error: ValidationError, where: str) -> list[tuple[str, str]]:
    return [
        (where + ".".join(map(str, one["loc"])), str(one["msg"]).removeprefix("Value error, "))
        for one in error.errors(include_url=False, include_context=False)
    ]
