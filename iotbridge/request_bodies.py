"""How large a request may be, decided before it is read.

Daphne takes in the whole of a body, on disk where it is large, before it calls the
application: whoever can reach the port could fill the disk without being logged in. Here a
body has a limit by its path, and a large one waits, unread, until its sender is known to be
somebody who may import.
"""

import logging
import re
from collections import Counter
from typing import Any

from daphne.http_protocol import WebRequest
from django.conf import settings
from django.db import Error, connections
from django.http import parse_cookie
from twisted.internet.threads import deferToThread
from twisted.web.http import Request as _Request

from dashboards.pictures.storing import BYTES as PICTURE_BYTES
from devices.access import scope_of, user_of_session, user_of_token
from devices.models.accounts import AnyUser
from iotbridge import page_doors

# Twisted's are not typed.
Request: Any = _Request
logger = logging.getLogger(__name__)

# What forms and calls need; and what somebody may send of whom nothing is known: to log in.
SMALL, UNKNOWN = 2_500_000, 100_000
# Files come here; forms of several parts are a little larger than their file.
UPLOADS = (b"/import", b"/api/v1/imports")
FORM_BYTES = 100_000
# Pictures of boards and notes, each of `PICTURE_BYTES` at most.
PICTURES = re.compile(rb"/(api/v1/(boards|notes)/[\w-]{1,100}/pictures|logbook)")


def limit_of(path: bytes) -> int:
    """Return how many bytes a request to `path` may have."""
    plain = path.partition(b"?")[0].rstrip(b"/")
    if PICTURES.fullmatch(plain):
        return PICTURE_BYTES + FORM_BYTES
    return settings.IMPORT_MB * 1_000_000 + FORM_BYTES if plain in UPLOADS else SMALL


# Files that an account may be sending at a time: each is on disk while it comes.
FILES_AT_ONCE = 2
_sending: Counter[str] = Counter()


def sender_of(cookies: str, authorization: str, *, importing: bool) -> str:
    """Return whose these headers are, if they may send much; "": they may not. On a thread.

    Args:
        cookies: the header.
        authorization: the header.
        importing: it is a file, for which somebody must be allowed to import.
    """
    try:
        user = _sender(cookies, authorization)
        if user is None or not (user.is_authenticated and user.is_active):
            return ""
        return "" if importing and not scope_of(user).may_import else f"account {user.pk}"
    except (UnicodeError, Error) as error:
        logger.info("Whoever sends a large body cannot be looked up: %s", error)
        return ""
    finally:
        connections.close_all()


def _sender(cookies: str, authorization: str) -> AnyUser:
    kind, _blank, token = authorization.partition(" ")
    user = user_of_token(token.strip()) if kind.lower() == "bearer" else None
    if user is not None:
        return user
    return user_of_session(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME))


def _got_length(self: Any, length: int | None) -> None:
    """Refuse a body that is too large, or have it wait, unread, until its sender is known."""
    page_doors.head_came(self)
    self.bodys_size, self.bodys_limit = 0, limit_of(self.channel._path)  # noqa: SLF001
    Request.gotLength(self, length)
    if length is not None and length > self.bodys_limit:
        _refuse(self, 413, b"Request Entity Too Large")
    elif length is None or length > UNKNOWN:
        _ask(self)


def _got_chunk(self: Any, data: bytes) -> None:
    """Count what comes without having told its length."""
    self.bodys_size += len(data)
    if self.bodys_size > self.bodys_limit:
        _refuse(self, 413, b"Request Entity Too Large")
    else:
        Request.handleContentChunk(self, data)


def _ask(request: Any) -> None:
    """Read no further until it is known whether the sender may upload."""
    cookies, authorization = (
        b"; ".join(request.requestHeaders.getRawHeaders(name) or []).decode("latin-1")
        for name in (b"cookie", b"authorization")
    )
    transport = request.channel.transport
    transport.pauseProducing()

    importing = request.bodys_limit > PICTURE_BYTES + FORM_BYTES

    def answer(sender: str) -> None:
        if not sender:
            _refuse(request, 403, b"Forbidden")
        elif importing and not _begins(request, sender):
            _refuse(request, 429, b"Too Many Requests")
        else:
            transport.resumeProducing()

    asked: Any = deferToThread(sender_of, cookies, authorization, importing=importing)
    asked.addCallbacks(answer, lambda _failure: _refuse(request, 503, b"Service Unavailable"))


def _begins(request: Any, sender: str) -> bool:
    """Count a file that begins to come, until the request ends; False: there are too many."""
    if _sending[sender] >= FILES_AT_ONCE:
        return False
    _sending[sender] += 1

    def ended(_result: Any) -> None:
        _sending[sender] -= 1
        if not _sending[sender]:
            del _sending[sender]

    request.notifyFinish().addBoth(ended)
    return True


def _refuse(request: Any, status: int, words: bytes) -> None:
    """Answer and close: what is still on its way is not read."""
    channel = request.channel
    if channel is None or getattr(request, "bodys_refused", False):
        return
    request.bodys_refused = True
    body = words + b"\n"
    channel.transport.write(
        b"HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
        b"Connection: close\r\n\r\n%s" % (status, words, len(body), body)
    )
    # Nothing more of this connection is parsed.
    channel.dataReceived = channel.lineReceived = channel.rawDataReceived = lambda *_data: None
    channel.transport.resumeProducing()
    channel.transport.loseConnection()


def install() -> None:
    """Have Daphne's requests be bounded."""
    WebRequest.gotLength = _got_length
    WebRequest.handleContentChunk = _got_chunk
