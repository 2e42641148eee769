"""Who may see what: roles on sites, and API tokens."""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.registry import Site

# Whoever asks: logged in or not, or the command line.
AnyUser = AbstractBaseUser | AnonymousUser | None


class Role(models.TextChoices):
    """What a person may do on a site and on the sites below it."""

    VIEWER = "viewer", _("viewer: sees devices and readings")
    OPERATOR = "operator", _("operator: also changes devices")
    MANAGER = "manager", _("manager: also accepts and rejects pending devices")


class Membership(models.Model):
    """A person's role on a site; it holds for the sites below it too."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="memberships",
    )
    site = models.ForeignKey(
        Site, verbose_name=_("site"), on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "site"], name="one_role_per_site")]

    def __str__(self) -> str:
        return f"{self.role} on {self.site_id}"


class ApiToken(models.Model):
    """A bearer token; only its SHA-256 is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="api_tokens",
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"token {self.pk} of {self.user_id}"


class Kiosk(models.Model):
    """A screen that shows a site to whoever walks by; deleting it takes the site off the screen.

    Enrolled once by a code that is good for a day; from then on by a secret in a cookie.
    Only the SHA-256 of both are kept.
    """

    name = models.CharField(_("name"), max_length=100, help_text=_("Which screen: where it hangs."))
    site = models.ForeignKey(
        Site, verbose_name=_("site"), on_delete=models.CASCADE, related_name="kiosks"
    )
    code_digest = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    code_until = models.DateTimeField(null=True, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    enrolled_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("kiosk")
        verbose_name_plural = _("kiosks")

    def __str__(self) -> str:
        return f"{self.name} ({self.site})"
