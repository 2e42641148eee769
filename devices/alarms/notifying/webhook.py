"""Messages to programs: a POST of JSON that is signed, dated and numbered.

`Iotbridge-Signature: t=<seconds since 1970>,v1=<hex>` is the HMAC-SHA256 of `<t>.<body>` with the
receiver's secret. `Iotbridge-Delivery` is the same when a message is sent again.
"""

import hashlib
import hmac
import json
import time

from devices import secrets
from devices.alarms.models import Receiver
from devices.alarms.notifying import outside
from devices.alarms.notifying.errors import NotSent
from devices.alarms.notifying.messages import Message


def send(receiver: Receiver, message: Message) -> None:
    """Send a message.

    Raises:
        NotSent: says why.
    """
    try:
        secret = secrets.unseal(receiver.secret)
    except secrets.Unsealed as error:
        raise NotSent(str(error)) from error
    body = json.dumps({**message.data, "may_be_twice": message.may_be_twice}).encode()
    at = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "iotbridge",
        "Iotbridge-Delivery": str(message.number),
        "Iotbridge-Signature": f"t={at},v1={signature(secret, at, body)}",
    }
    outside.post(receiver.target, body, headers)


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the signature of a body at a time (s since 1970), in hex."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
