"""That rights changed, told through the change log: as a writer whose batches touch nothing.

Web processes look at the log once a second anyway, so withdrawn rights reach open
pages without a message that could be lost.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from devices.models import ApiToken, Device, Kiosk, Membership, Site
from devices.storage import change_rows

WRITER = "rights"
# Of a device: who sees it.
OF_DEVICE = {"key", "site", "pending"}


def changed() -> None:
    """Have every web process look again who may see what."""
    with transaction.atomic():
        change_rows.raise_seq(WRITER)


def _on_change(**_kwargs: Any) -> None:
    changed()


def _on_user(update_fields: Iterable[str] | None = None, **_kwargs: Any) -> None:
    if set(update_fields or ()) != {"last_login"}:  # each login saves that
        changed()


def _on_logout(user: Any = None, **_kwargs: Any) -> None:
    if user is not None:  # whoever was not logged in has lost nothing
        changed()


def _on_device(update_fields: Iterable[str] | None = None, **_kwargs: Any) -> None:
    # Renaming one, for example, is nobody's right.
    if update_fields is None or not OF_DEVICE.isdisjoint(update_fields):
        changed()


def connect() -> None:
    """Watch what rights are made of."""
    user = get_user_model()
    post_save.connect(_on_device, sender=Device, dispatch_uid="rights device saved")
    post_delete.connect(_on_change, sender=Device, dispatch_uid="rights device deleted")
    for model in (Membership, Site, ApiToken, Kiosk):
        for signal in (post_save, post_delete):
            signal.connect(_on_change, sender=model, dispatch_uid=f"rights {model} {id(signal)}")
    for through in (user.user_permissions.through, user.groups.through, Group.permissions.through):
        m2m_changed.connect(_on_change, sender=through, dispatch_uid=f"rights {through}")
    post_save.connect(_on_user, sender=get_user_model(), dispatch_uid="rights of a user")
    post_delete.connect(_on_change, sender=get_user_model(), dispatch_uid="rights deleted")
    user_logged_out.connect(_on_logout, dispatch_uid="rights logged out")
