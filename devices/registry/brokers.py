"""Adding a broker by its address, as pages and commands do."""

import re

from django.core.exceptions import ValidationError

from devices.broker_addresses import Addresses, BadAddress, parse
from devices.models import Broker

# Of a name that is made of a host's.
_LONGEST = 24


def add(addresses: str, username: str = "", password: str = "") -> Broker:
    """Return the broker at `addresses`, with that user; a new one is switched off, and silent.

    One that is there is taken again: a password that was mistyped is entered anew.

    Raises:
        ValidationError: says which field, and why.
    """
    try:
        found = parse(addresses)
    except BadAddress as error:
        raise ValidationError({"addresses": error.translated}) from error
    user = username or found.username or ""
    row = Broker.objects.filter(addresses=found.text, username=user).first()
    if row is None:
        row = Broker(name=_free(found), enabled=False)
    row.addresses, row.username = found.text, user
    if password or found.password:
        row.set_password(password or found.password or "")
    row.full_clean()
    row.save()
    return row


def _free(found: Addresses) -> str:
    """Return a name after the host that no broker has."""
    host = found.hosts[0][0].lower()
    words = re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:_LONGEST].strip("-") or "broker"
    taken = set(Broker.objects.values_list("name", flat=True))
    numbered = (f"{words}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in [words, *numbered] if name not in taken)
