"""Brokers in admin: their secrets are written, and never shown again."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from devices.broker_addresses import BadAddress, parse
from devices.models import Broker


class BrokerForm(forms.ModelForm[Broker]):
    """A broker; what is left empty of its secrets stays as it is."""

    new_password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    forget_password = forms.BooleanField(label=_("Forget the password"), required=False)
    new_private_key = forms.CharField(
        label=_("Private key of the certificate"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("In PEM format, without a password of its own."),
    )

    class Meta:
        model = Broker
        fields = (
            *("name", "addresses", "username", "version", "ca", "certificate"),
            *("canary", "enabled"),
        )
        widgets: ClassVar = {"addresses": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = _("One is kept. Empty: it stays.")
        if self.instance.password:
            self.fields["new_password"].help_text = kept
        if self.instance.private_key:
            self.fields["new_private_key"].help_text = kept

    def clean(self) -> dict[str, Any]:
        """Have a secret entered anew where it would go to another address."""
        given = dict(super().clean() or {})
        before = self.instance
        is_kept = before.password and not (given["new_password"] or given["forget_password"])
        if is_kept and _where(given.get("addresses", "")) != _where(before.addresses):
            self.add_error(
                "new_password", _("Enter it again: the addresses are others than it was given for.")
            )
        return given

    def _post_clean(self) -> None:
        """Take the secrets up before the row is looked at as a whole."""
        if self.cleaned_data.get("forget_password"):
            self.instance.set_password("")
        if self.cleaned_data.get("new_password"):
            self.instance.set_password(self.cleaned_data["new_password"])
        if not self.cleaned_data.get("certificate"):
            self.instance.set_private_key("")
        elif self.cleaned_data.get("new_private_key"):
            self.instance.set_private_key(self.cleaned_data["new_private_key"])
        super()._post_clean()  # type: ignore[misc] # Django's own, which stubs leave out


def _where(text: str) -> tuple[object, ...] | None:
    """Return what of addresses tells who gets a password; None: they are none."""
    try:
        found = parse(text)
    except BadAddress:
        return None
    return found.scheme, frozenset(found.hosts), found.path


@admin.register(Broker)
class BrokerAdmin(admin.ModelAdmin[Broker]):
    """Brokers besides that of the settings; workers take up what is changed within seconds."""

    form = BrokerForm
    list_display = ["name", "addresses", "proven", "enabled"]
    list_filter = ["enabled"]
    fields = (
        *("name", "addresses", "username", "new_password", "forget_password"),
        *("canary", "enabled", "version", "ca", "certificate", "new_private_key"),
    )

    @admin.display(description=_("proven"), boolean=True)
    def proven(self, broker: Broker) -> bool:
        """Return whether a canary proves that packets come through."""
        return broker.canary

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Deleting several at once is not offered."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    def has_delete_permission(self, request: HttpRequest, obj: Broker | None = None) -> bool:
        """One that is in use is switched off first: what it has queued is then read."""
        is_in_use = obj is not None and obj.enabled
        return not is_in_use and super().has_delete_permission(request, obj)
