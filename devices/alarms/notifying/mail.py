"""Messages by e-mail, through Django's backends."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.utils.translation import gettext

from devices.alarms.models import Receiver
from devices.alarms.notifying.errors import NotSent
from devices.alarms.notifying.messages import Message

SECONDS, MOST = 10, 20


def addresses_of(receiver: Receiver) -> list[str]:
    """Return where a receiver's e-mail goes.

    Raises:
        ValidationError: there is none, or one that is none.
    """
    if receiver.kind == Receiver.Kind.PERSON:
        found = [getattr(receiver.user, "email", "") or ""]
    else:
        found = [part.strip() for part in receiver.target.split(",")]
    found = [address for address in found if address]
    if not found:
        raise ValidationError(gettext("There is no e-mail address."))
    if len(found) > MOST:
        raise ValidationError(gettext("At most %d addresses.") % MOST)
    for address in found:
        validate_email(address)
    return found


def send(receiver: Receiver, message: Message) -> None:
    """Send a message.

    Raises:
        NotSent: says why.
    """
    if not settings.EMAIL_URL_GIVEN:
        raise NotSent(gettext("No mail server is set: EMAIL_URL is empty."))
    try:
        to = addresses_of(receiver)
    except ValidationError as error:
        raise NotSent(" ".join(error.messages)) from error
    # The same message keeps its id: mail programs show it once.
    headers = {"Message-ID": f"<iotbridge-{receiver.pk}-{message.number}@{_host()}>"}
    mail = EmailMessage(
        message.subject,
        message.body,
        settings.DEFAULT_FROM_EMAIL,
        to,
        headers=headers,
        connection=get_connection(timeout=SECONDS),
    )
    try:
        mail.send()
    except OSError as error:
        raise NotSent(str(error) or type(error).__name__) from error


def _host() -> str:
    return str(settings.DEFAULT_FROM_EMAIL).rpartition("@")[2].strip("> ") or "iotbridge"
