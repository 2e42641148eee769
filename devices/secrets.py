"""Secrets that have to be kept to be used, such as a broker's password.

What is in the database tells nobody anything without SECRET_KEY: a copy of the database alone
opens no broker. Fernet (AES and HMAC); SECRET_KEY_FALLBACKS are read, too.
"""

import base64
import hashlib
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Unsealed(ValueError):
    """What is kept was sealed with another SECRET_KEY."""


def seal(text: str) -> str:
    """Return `text` as it is kept; "" stays as it is."""
    return _keys().encrypt(text.encode()).decode() if text else ""


def unseal(kept: str) -> str:
    """Return what was sealed.

    Raises:
        Unsealed: by another SECRET_KEY.
    """
    if not kept:
        return ""
    from cryptography.fernet import InvalidToken

    try:
        return _keys().decrypt(kept.encode()).decode()
    except InvalidToken as error:
        raise Unsealed("it was kept with another SECRET_KEY") from error


def _keys() -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet  # seldom needed, and large

    known = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derived(str(key))) for key in known])


def _derived(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"devices.secrets:" + key.encode()).digest())
