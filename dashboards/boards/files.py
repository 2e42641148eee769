"""Boards as code: a YAML file that names sites and people by their names, and back."""

from collections.abc import Iterator
from typing import Any, Literal

import yaml
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as Invalid

from dashboards.boards import store
from dashboards.boards.specification import WrongSpecification, checked
from dashboards.models import Board
from devices import plain_yaml
from devices.models import Site

LONGEST = 20_000_000


class WrongFile(ValueError):
    """A file that cannot be applied; says which board, which field, and why."""


class FiledBoard(BaseModel):
    """A board in a file; without `published` it stays a draft."""

    model_config = ConfigDict(extra="forbid")

    slug: str
    title: str
    owner: str = ""
    site: str = ""
    shared: Literal["private", "site", "everybody"] = "private"
    device_type: str = ""
    published: bool = True
    specification: dict[str, Any] = Field(default_factory=dict)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    boards: list[FiledBoard]


def dump(boards: Iterator[Board] | list[Board]) -> str:
    """Return `boards` as YAML: what was published of each, else its draft."""
    filed = [_filed(board).model_dump(exclude_defaults=True) for board in boards]
    return yaml.safe_dump({"boards": filed}, sort_keys=False, allow_unicode=True, width=100)


def _filed(board: Board) -> FiledBoard:
    stored = store.published(board)
    return FiledBoard(
        slug=board.slug,
        title=board.title,
        owner=str(board.owner or ""),
        site=board.site.slug if board.site else "",
        shared=Board.Shared(board.shared).value,  # type: ignore[arg-type] # one of its values
        device_type=board.device_type,
        published=stored is not None,
        specification=board.draft if stored is None else stored,
    )


def apply(text: str, *, dry_run: bool) -> list[tuple[str, str]]:
    """Make the boards of a file what it says; all of them or none.

    Args:
        text: the file.
        dry_run: change nothing, only say what would be done.

    Returns:
        (slug, `made`, `changed` or `same`) of each.

    Raises:
        WrongFile: says what is wrong with which board.
    """
    boards = _read(text).boards
    with transaction.atomic():
        done = [(one.slug, _apply(one)) for one in boards]
        if dry_run:
            transaction.set_rollback(True)
    return done


def _read(text: str) -> _File:
    if len(text) > LONGEST:
        raise WrongFile(f"The file is longer than {LONGEST} characters.")
    try:
        return _File.model_validate(plain_yaml.load(text))
    except yaml.YAMLError as error:
        raise WrongFile(f"This is no YAML: {error}") from error
    except Invalid as error:
        first = error.errors(include_url=False)[0]
        raise WrongFile(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _apply(one: FiledBoard) -> str:
    board = Board.objects.select_for_update().filter(slug=one.slug).first()
    is_new = board is None
    board = board or Board(slug=one.slug)
    before = None if is_new else _filed(board).model_dump()
    board.title, board.shared, board.device_type = one.title, one.shared, one.device_type
    board.site = _named(Site, "slug", one.site, one)
    people = get_user_model()
    board.owner = _named(people, people.USERNAME_FIELD, one.owner, one)
    try:
        board.draft = checked(one.specification, board.draft)
        board.full_clean(exclude={"draft"})
    except WrongSpecification as error:
        raise WrongFile(f"{one.slug}: specification: {error}") from error
    except ValidationError as error:
        raise WrongFile(f"{one.slug}: {'; '.join(error.messages)}") from error
    wanted = one.model_dump() | {"specification": board.draft}
    if before == wanted:
        return "same"
    board.draft_number += 0 if is_new else 1
    board.draft_by = one.owner
    board.save()
    if one.published:
        store.publish(board, board.owner)
    return "made" if is_new else "changed"


def _named(model: Any, field: str, name: str, one: FiledBoard) -> Any:
    if not name:
        return None
    found = model._default_manager.filter(**{field: name}).first()  # noqa: SLF001 - documented
    if found is None:
        raise WrongFile(f"{one.slug}: there is no {model._meta.verbose_name} {name!r}.")  # noqa: SLF001
    return found
