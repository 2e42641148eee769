"""The same for many devices at once: tags, site, type."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from dashboards.views.device_settings import MAX_TAGS
from dashboards.views.pending import sites_managed
from devices import registry
from devices.access import Scope, scope_of
from devices.models import Device, Tag
from devices.registry import listing


def _tagged(device: Device, name: str, *, off: bool = False) -> None:
    names = set(device.tags.values_list("name", flat=True))
    wanted = names - {name} if off else names | {name}
    if len(wanted) > MAX_TAGS:
        raise ValidationError(gettext("At most %d tags.") % MAX_TAGS)
    if wanted != names:
        registry.set_tags(device, wanted)


def _typed(device: Device, name: str) -> None:
    device.device_type = name
    device.full_clean(exclude={"key", "site"})
    device.save(update_fields=["device_type"])


@login_required
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Change the chosen devices; those that one may not change stay, and are counted."""
    scope = scope_of(request.user)
    keys = request.POST.getlist("device")[: listing.PAGE_SIZE]
    found = list(scope.devices().filter(key__in=keys).select_related("site"))
    value = request.POST.get("value", "").strip()
    try:
        may, act = _action(request.POST.get("action", ""), value, scope)
        ours = [device for device in found if may(device)]
        with transaction.atomic():
            for device in ours:
                act(device)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        _tell(request, len(ours), len(set(keys)) - len(ours))
    return _back(request)


def _action(
    name: str, value: str, scope: Scope
) -> tuple[Callable[[Device], bool], Callable[[Device], None]]:
    """Return who may be changed, and how.

    Raises:
        ValidationError: says what is wrong with what was entered.
    """
    if name == "site":
        site = next((one for one in sites_managed(scope) if one.slug == value), None)
        if site is None:
            raise ValidationError(gettext("Choose a site that you manage."))
        return scope.may_manage, lambda device: _moved(device, site)
    if name in {"tag", "untag"}:
        if not value or " " in value:
            raise ValidationError(gettext("A tag is one word."))
        Tag._meta.get_field("name").run_validators(value)  # noqa: SLF001 - Django documents it
        return scope.may_change, lambda device: _tagged(device, value, off=name == "untag")
    if name == "type":
        return scope.may_manage, lambda device: _typed(device, value)
    raise ValidationError(gettext("Choose what is to be done."))


def _moved(device: Device, site: Any) -> None:
    device.site = site
    device.save(update_fields=["site"])


def _tell(request: HttpRequest, done: int, left: int) -> None:
    words = ngettext("%(n)s device changed.", "%(n)s devices changed.", done)
    messages.success(request, words % {"n": done})
    if left:
        words = ngettext(
            "%(n)s device stays as it is: you may not change it.",
            "%(n)s devices stay as they are: you may not change them.",
            left,
        )
        messages.warning(request, words % {"n": left})


def _back(request: HttpRequest) -> HttpResponse:
    where = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(where, {request.get_host()}, request.is_secure())
    return HttpResponseRedirect(where if is_ours else reverse("overview"))
