"""Logging in, slowly where somebody guesses."""

from math import ceil
from threading import BoundedSemaphore
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import ngettext

from devices.access import throttle

# Each takes a core for a third of a second.
_AT_ONCE = BoundedSemaphore(2)


class ThrottledLogin(AuthenticationForm):
    """Django's form, which makes whoever guesses wait."""

    # Said in place of whether they match.
    told_to_wait = ""

    def clean(self) -> dict[str, Any]:
        """Look at name and password, unless too many were wrong.

        Raises:
            ValidationError: they are wrong, or it is too soon.
        """
        address = throttle.address_of(self.request) if self.request is not None else ""
        account = str(self.cleaned_data.get("username", ""))[:150].casefold()
        wait = throttle.wait_of("login", address, account)
        if wait:
            words = ngettext(
                "Too many tries. Wait for %(n)s second.",
                "Too many tries. Wait for %(n)s seconds.",
                ceil(wait),
            )
            self.told_to_wait = words % {"n": ceil(wait)}
            raise ValidationError(self.told_to_wait, code="throttled")
        # Counted before it is looked at: many at once would all be looked at else.
        throttle.failed("login", address, account)
        with _AT_ONCE:
            try:
                cleaned = super().clean()
            except ValidationError:
                throttle.log("login", address, account)
                raise
        throttle.succeeded("login", address, account)
        return cleaned


class LoginPage(LoginView):
    """The page; whoever has to wait is told so by the status, too."""

    authentication_form = ThrottledLogin
    template_name = "dashboards/login.html"

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again, with what is wrong."""
        answer = super().form_invalid(form)
        if getattr(form, "told_to_wait", ""):
            answer.status_code = 429
        return answer


class ThrottledAdminLogin(ThrottledLogin, AdminAuthenticationForm):
    """The same on admin's own page, which takes staff alone."""
