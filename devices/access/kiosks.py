"""Screens that show a site without anybody being logged in."""

import secrets
from datetime import timedelta

from django.utils import timezone

from devices.access import Scope, site_and_below, token_digest
from devices.models import Kiosk

CODE_TIME = timedelta(days=1)
# Letters and digits that are not taken for others; typed in with a remote control.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 10


def new_code(kiosk: Kiosk) -> str:
    """Return a code that enrols a screen as `kiosk`, once, within a day; older ones end."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    kiosk.code_digest, kiosk.code_until = token_digest(code), timezone.now() + CODE_TIME
    kiosk.save(update_fields=["code_digest", "code_until"])
    return code


def waiting(code: str) -> Kiosk | None:
    """Return the kiosk that `code` enrols; None where it is wrong, used or too old."""
    found = Kiosk.objects.filter(code_digest=token_digest(code), code_until__gte=timezone.now())
    return found.select_related("site").first() if code else None


def enrol(kiosk: Kiosk) -> str:
    """Return the secret of the screen that is `kiosk` from now on; the one before is so no more."""
    secret = secrets.token_urlsafe(32)
    kiosk.code_digest, kiosk.code_until = "", None
    kiosk.digest, kiosk.enrolled_at = token_digest(secret), timezone.now()
    kiosk.save()
    return secret


def kiosk_of(secret: str) -> Kiosk | None:
    """Return the kiosk that shows `secret`."""
    found = Kiosk.objects.filter(digest=token_digest(secret)).select_related("site")
    return found.first() if secret else None


def scope_of_kiosk(kiosk: Kiosk) -> Scope:
    """Return what a kiosk shows: accepted devices of its site and of those below."""
    return Scope(sites=frozenset(site_and_below(kiosk.site_id)))
