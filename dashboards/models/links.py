"""Links that show a board to whoever has them, without a login."""

import secrets
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property

from dashboards.models.boards import Board, whole_second
from devices.access import Scope, scope_of


def new_name() -> str:
    """Return what nobody guesses."""
    return secrets.token_urlsafe(16)


class BoardLink(models.Model):
    """A link to a board: it shows what its maker sees of that, and nothing else."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="links")
    # Part of its address, which is signed: whoever reads this table alone opens nothing.
    name = models.CharField(max_length=32, unique=True, default=new_name)
    label = models.CharField(max_length=100, blank=True, default="")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="board_links"
    )
    made_at = models.DateTimeField(default=whole_second)
    # Neither: until it is revoked.
    expires_at = models.DateTimeField(null=True)
    # As Django keeps passwords; empty: it asks for none.
    password = models.CharField(max_length=128, blank=True, default="")
    # So far back one may look, in seconds.
    reach_s = models.PositiveIntegerField(default=7 * 86_400)
    # What is chosen of the board's variables, by `var-{name}`.
    choices = models.JSONField(default=dict)
    # Pages of these may have it in a frame: `https://intranet.example` each.
    origins = models.JSONField(default=list)
    # Boards (pks) that are shown in turn with this one, each for `seconds`.
    turns = models.JSONField(default=list)
    seconds = models.PositiveIntegerField(default=30)
    opened = models.PositiveBigIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return self.label or f"link to {self.board_id}"

    @cached_property
    def maker(self) -> Scope:
        """Return what its maker may see, read once: a link is fetched anew for each request."""
        return scope_of(self.made_by)

    def is_over(self, now: datetime | None = None) -> bool:
        """Return whether its time has ended."""
        return self.expires_at is not None and self.expires_at <= (now or timezone.now())
