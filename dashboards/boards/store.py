"""Boards as they are kept: a draft that editors share, and what was published of it."""

import json
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext

from dashboards.boards import merging
from dashboards.boards.specification import checked, widgets_of
from dashboards.models import RESERVED, SLUG_LENGTH, Board, BoardRevision

# Of one person; and revisions of one board, in number and characters: the oldest go.
BOARDS, REVISIONS, REVISION_SIZE = 100, 100, 1_000_000
# Others may take the same address at the same time.
TRIES = 10


class Changed(Exception):
    """Somebody else changed the same of a draft.

    Args:
        board: with their draft.
        names: what both changed.
    """

    def __init__(self, board: Board, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.board = board
        self.names = names


def make(user: Any, title: str, specification: Any = None, slug: str = "", **more: Any) -> Board:
    """Make a board of `user`, not published yet.

    Raises:
        WrongSpecification: says what is wrong, and where.
        ValidationError: a field is wrong, or there are too many boards.
    """
    if Board.objects.filter(owner=user).count() >= BOARDS:
        raise ValidationError(gettext("You have %d boards: delete some first.") % BOARDS)
    board = Board(title=title, owner=user, draft=checked(specification or {}), **more)
    board.draft_by = str(user)
    for left in reversed(range(TRIES)):
        board.slug = slug or _free_slug(title)
        try:
            board.full_clean(exclude={"draft"})
            with transaction.atomic():
                board.save()
            break
        except (IntegrityError, ValidationError):
            is_taken = Board.objects.filter(slug=board.slug).exists()
            if slug or not left or not is_taken:
                raise
    return board


def _free_slug(title: str) -> str:
    wanted = slugify(title)[: SLUG_LENGTH - 8].strip("-_").replace("_", "-") or "board"
    taken = set(Board.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    taken |= RESERVED
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (wanted, *numbered) if slug not in taken)


def save_draft(
    board: Board, user: Any, base: Any, wanted: Any, *, prefer_mine: bool = False
) -> Board:
    """Keep `wanted` as the draft of `board`, with what others changed of it since `base`.

    Args:
        board: whose draft.
        user: who changed it.
        base: the draft that they began from.
        wanted: what they made of it.
        prefer_mine: theirs wins where somebody else changed the same.

    Returns:
        The board with its draft.

    Raises:
        WrongSpecification: says what is wrong, and where.
        Changed: somebody else changed the same.
    """
    with transaction.atomic():
        now = Board.objects.select_for_update().get(pk=board.pk)
        mine = checked(wanted, now.draft)
        if base != now.draft:
            mine = _merged(now, checked(base, now.draft), mine, prefer_mine=prefer_mine)
        if mine == now.draft:
            return now
        now.draft, now.draft_number = mine, now.draft_number + 1
        now.draft_by, now.draft_at = str(user), timezone.now()
        now.save(update_fields=["draft", "draft_number", "draft_by", "draft_at"])
    return now


def _merged(now: Board, base: Any, mine: Any, *, prefer_mine: bool) -> dict[str, Any]:
    try:
        both = merging.merged(base, now.draft, mine, prefer_mine=prefer_mine)
    except merging.Conflict as error:
        raise Changed(now, error.names) from error
    both["widgets"] = merging.without_overlaps(both["widgets"])
    return checked(both, {"widgets": [*now.draft.get("widgets", []), *mine["widgets"]]})


def publish(board: Board, user: Any, number: int | None = None) -> Board:
    """Show the draft of `board` to everybody who may see it.

    The same again by the same person is no revision.

    Args:
        board: it.
        user: who answers for it.
        number: of the draft that they have seen; None: whichever it is.

    Raises:
        Changed: somebody has changed the draft since.
    """
    with transaction.atomic():
        now = Board.objects.select_for_update().get(pk=board.pk)
        if number is not None and number != now.draft_number:
            raise Changed(now, [])
        shown = _shown(now)
        if shown and (shown.specification, shown.publisher) == (now.draft, user):
            return now
        now.revision += 1
        BoardRevision.objects.create(
            board=now,
            number=now.revision,
            specification=now.draft,
            made_by=str(user or ""),
            publisher=user,
        )
        now.save(update_fields=["revision"])
        _tidy(now)
    return now


def _tidy(board: Board) -> None:
    """Forget the oldest revisions of a board, where there are too many or they are too large."""
    kept = size = 0
    for specification in board.revisions.values_list("specification", flat=True).iterator():
        size += len(json.dumps(specification))
        if kept and (kept >= REVISIONS or size > REVISION_SIZE):
            break
        kept += 1
    oldest = board.revision - kept
    board.revisions.filter(number__lte=oldest).delete()


def restore(board: Board, user: Any, number: int) -> Board:
    """Make revision `number` the draft of `board`; it is published by whoever wants that.

    Raises:
        LookupError: there is no such revision.
    """
    found = board.revisions.filter(number=number).first()
    if found is None:
        raise LookupError(gettext("There is no revision %d of this board.") % number)
    with transaction.atomic():
        now = Board.objects.select_for_update().get(pk=board.pk)
        now.draft, now.draft_number = found.specification, now.draft_number + 1
        now.draft_by, now.draft_at = str(user), timezone.now()
        now.save(update_fields=["draft", "draft_number", "draft_by", "draft_at"])
    return now


def publisher_of(board: Board) -> Any:
    """Return who published what of `board` is shown; None: nobody who has an account now."""
    found = _shown(board)
    return None if found is None else found.publisher


def with_pictures(specification: Any) -> Iterator[dict[str, Any]]:
    """Yield the options of those widgets of a specification that show a picture (its pk)."""
    for one in widgets_of(specification):
        options = one.get("options")
        pk = options.get("picture") if isinstance(options, dict) else None
        if type(pk) is int and 0 < pk < 2**31:
            yield one["options"]


def pictures_of(specification: Any) -> set[int]:
    """Return the pictures (pks) that the widgets of a specification show."""
    return {options["picture"] for options in with_pictures(specification)}


def published(board: Board) -> dict[str, Any] | None:
    """Return what of `board` is shown; None: it was never published."""
    found = _shown(board)
    return None if found is None else found.specification


def _shown(board: Board) -> BoardRevision | None:
    return board.revisions.filter(number=board.revision).select_related("publisher").first()
