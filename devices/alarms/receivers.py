"""Who may set up whom to be told of alarms."""

import secrets as random
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from devices import secrets
from devices.access import Scope
from devices.alarms.models import Receiver
from devices.alarms.notifying import mail, outside
from devices.alarms.notifying.errors import NotSent

# That one person may have for themselves, and that there may be in all.
OWN, MOST = 10, 1_000


def visible(scope: Scope, user: Any) -> QuerySet[Receiver]:
    """Return the receivers that this person may change: their own, and those they manage."""
    found = Receiver.objects.select_related("site", "user")
    if scope.changes:
        return found
    return found.filter(Q(user_id=user.pk, kind="person") | Q(site__in=scope.managed))


def check(receiver: Receiver, scope: Scope, user: Any) -> None:
    """Refuse a receiver that cannot work, or that this person may not set up.

    Raises:
        ValidationError: names the field that is wrong.
    """
    own = receiver.kind == Receiver.Kind.PERSON and receiver.user_id == user.pk
    if not own and not scope.changes and receiver.site_id not in scope.managed:
        raise ValidationError({"site": gettext("Name a site that you manage.")})
    if own and receiver.site is not None and not scope.may_see(receiver.site):
        raise ValidationError({"site": gettext("There is no such site, or you may not see it.")})
    if (receiver.quiet_from is None) != (receiver.quiet_to is None):
        raise ValidationError({"quiet_to": gettext("Give both times, or none.")})
    if receiver._state.adding:  # noqa: SLF001 - Django documents it
        mine = Receiver.objects.filter(user_id=user.pk, kind="person").count()
        if (own and mine >= OWN) or Receiver.objects.count() >= MOST:
            raise ValidationError(gettext("There are enough receivers."))
    _check_target(receiver)


def _check_target(receiver: Receiver) -> None:
    if receiver.kind == Receiver.Kind.PERSON:
        receiver.target = ""
        if receiver.user is None:
            raise ValidationError({"user": gettext("Name a person.")})
    if receiver.kind != Receiver.Kind.PERSON:
        receiver.user = None
    try:
        if receiver.kind == Receiver.Kind.WEBHOOK:
            outside.check(receiver.target)
        else:
            mail.addresses_of(receiver)
    except NotSent as error:
        raise ValidationError({"target": str(error)}) from error
    except ValidationError as error:
        name = "user" if receiver.kind == Receiver.Kind.PERSON else "target"
        raise ValidationError({name: error.messages}) from error


def new_secret(receiver: Receiver) -> str:
    """Give a webhook, which is not saved by that, a new secret, and return it."""
    made = random.token_urlsafe(32)
    receiver.secret = secrets.seal(made)
    return made
