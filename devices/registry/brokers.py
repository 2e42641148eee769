"""Adding a broker by its address, as pages and commands do."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from devices.broker_addresses import Addresses, BadAddress, parse
from devices.models import Broker

# Of a name that is made of a host's.
_LONGEST = 24


def add(
    addresses: str, username: str = "", password: str = "", *, may_change: bool = True
) -> Broker:
    """Return the broker at `addresses`, with that user; a new one is switched off, and silent.

    One that is there is taken again: a password that was mistyped is entered anew.

    Args:
        addresses: as people write them.
        username: "" where it stands in the addresses, or there is none.
        password: the same.
        may_change: whether one that is there may get another password.

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
    given = password or found.password or ""
    if given and row.pk and not may_change:
        raise ValidationError(
            {"password": gettext("It was added already; you may not change its password.")}
        )
    if given:
        row.set_password(given)
    row.full_clean()
    row.save()
    return row


def _free(found: Addresses) -> str:
    """Return a name after the host that no broker has."""
    host = found.hosts[0][0].lower()
    words = re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:_LONGEST].strip("-") or "broker"
    words = f"at-{words}" if words.startswith("ingest") else words
    taken = set(Broker.objects.values_list("name", flat=True))
    numbered = (f"{words}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in [words, *numbered] if name not in taken)
