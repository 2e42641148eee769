"""Boards that people make: who has one, who may see it, and what was on it when."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Site

# Boards that make themselves have these addresses.
RESERVED = frozenset({"mine", "new", "site", "type", "without-site"})
SLUG_LENGTH = 80
valid_slug = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z",
    _("Use small letters, digits and dashes, as in oil-presses."),
)


def whole_second() -> datetime:
    """Return now, as people write times."""
    return timezone.now().replace(microsecond=0)


def not_reserved(slug: str) -> None:
    """Refuse the address of a board that makes itself.

    Raises:
        ValidationError: it is one.
    """
    if slug in RESERVED:
        raise ValidationError(_("This address is taken by boards that make themselves."))


class Board(models.Model):
    """A page of widgets. Its draft is what editors work on, its revisions what others see."""

    class Shared(models.TextChoices):
        """Who sees a board beside its owner; what is on it is seen by one's own rights."""

        NOBODY = "private", _("nobody else")
        SITE = "site", _("who has a role on its site")
        EVERYBODY = "everybody", _("everybody who is logged in")

    slug = models.CharField(
        _("address"), max_length=SLUG_LENGTH, unique=True, validators=[valid_slug, not_reserved]
    )
    title = models.CharField(_("title"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="boards"
    )
    # The folder that it is listed in; with `Shared.SITE` who has a role there sees it.
    site = models.ForeignKey(
        Site, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("site")
    )
    shared = models.CharField(
        _("seen by"), max_length=10, choices=Shared.choices, default=Shared.NOBODY
    )
    # Each device of this type has the board, with `$device` standing for it.
    device_type = models.CharField(_("device type"), max_length=100, blank=True, default="")
    # Of `boards.specification.Specification`; the number rises with each change.
    draft = models.JSONField(default=dict)
    draft_number = models.PositiveIntegerField(default=1)
    draft_by = models.CharField(max_length=150, blank=True, default="")
    draft_at = models.DateTimeField(auto_now_add=True)
    # The revision that is shown; 0: it was never published.
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["title", "slug"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the path of its page."""
        return reverse("board", args=[self.slug])


class BoardRevision(models.Model):
    """What was published of a board, and by whom."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    specification = models.JSONField()
    made_by = models.CharField(max_length=150, blank=True, default="")
    # Who answers for it where a link shows it; empty once their account is gone.
    publisher = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(default=whole_second)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "number"], name="one_revision_of_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.board_id} as of {self.number}"
