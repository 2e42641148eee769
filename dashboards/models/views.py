"""What people keep of the overview: filters, columns and order under a name."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

QUERY_LENGTH = 2_000


class SavedView(models.Model):
    """An address of the overview, as somebody has called it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    title = models.CharField(_("title"), max_length=60)
    # As in an address, without the page's number.
    query = models.CharField(max_length=QUERY_LENGTH, blank=True, default="")
    # Everybody has it in their list; what is in it is seen by one's own rights.
    shared = models.BooleanField(_("for everybody"), default=False)

    class Meta:
        ordering: ClassVar = ["title", "pk"]

    def __str__(self) -> str:
        return self.title
