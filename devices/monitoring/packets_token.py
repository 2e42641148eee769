"""The token with which one process of ours reads a worker's last packets over HTTP."""

from django.core import signing

_SALT = "iotbridge.packets"
TOKEN_SECONDS = 60


def packets_token() -> str:
    """Return the token with which one process reads a worker's last packets."""
    return signing.TimestampSigner(salt=_SALT).sign("packets")


def is_packets_token(token: str) -> bool:
    """Return whether `token` was made by `packets_token` within a minute."""
    try:
        signing.TimestampSigner(salt=_SALT).unsign(token, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        return False
    return True
