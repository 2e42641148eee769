"""Frames of the live protocol: what clients may send, and how ours are written."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard, cast, get_args

from django.conf import settings

from dashboards.live.resume_token import ResumeToken, parse_token

SUBPROTOCOL = "iotbridge.v1.json"
MAX_CLIENT_FRAME = 65_536
Kind = Literal["series", "latest", "fleet", "jobs", "room", "me", "alarms"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# They name no series.
WITHOUT_SERIES: frozenset[Kind] = frozenset({"fleet", "jobs", "room", "me", "alarms"})
MAX_SUBSCRIPTIONS = 32
# Each is a join.
MAX_TAGS = 8
# Of a site, device or board.
MAX_NAME = 200
DAY_MS = 86_400_000


class BadFrame(Exception):
    """A client frame that cannot be served.

    Args:
        code: `bad_request`, `too_many` or `rate`, as in the protocol.
        message: which field is wrong, and what is allowed.
        sub: the subscription's id, where there is one.
    """

    def __init__(self, code: str, message: str, sub: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.sub = sub


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A `sub` frame. Times in ms; `start` below 0 is relative to now; `after`: what it has."""

    id: int
    kind: Kind
    keys: tuple[str, ...]
    match: dict[str, Any] | None
    start: float
    points: int
    rate_hz: float
    after: ResumeToken | None = None
    # Kind and name of what a room is of.
    room: tuple[str, str] = ("", "")
    # Up to which notes it has been told of that.
    note: int = 0


def parse(text: str) -> dict[str, Any]:
    """Return a client frame as an object with a type.

    Raises:
        BadFrame: too long, not JSON, or without `t`.
    """
    if len(text) > MAX_CLIENT_FRAME:
        raise BadFrame("bad_request", f"a frame may have {MAX_CLIENT_FRAME} characters")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame("bad_request", "the frame is not JSON") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("t"), str):
        raise BadFrame("bad_request", 'a frame is an object with a type "t"')
    return frame


def parse_subscribe(
    frame: dict[str, Any], max_rate: float, kinds: Collection[Kind] = KINDS
) -> Subscribe:
    """Return the `sub` frame's fields, checked.

    Args:
        frame: as it came.
        max_rate: in frames a second.
        kinds: what whoever asks may subscribe.

    Raises:
        BadFrame: names the field that is wrong and what it may be.
    """
    sub = parse_id(frame)
    kind: Any = frame.get("kind", "series")
    if not isinstance(kind, str) or kind not in kinds:
        allowed = [each for each in KINDS if each in kinds]
        raise BadFrame("bad_request", f"kind must be {_listed(allowed)}", sub)
    keys = frame.get("keys", [])
    if not isinstance(keys, list) or not all(map(is_text, keys[: settings.LIVE_MAX_SERIES + 1])):
        raise BadFrame("bad_request", "keys must be a list of texts without NUL", sub)
    match = frame.get("match")
    if match is not None and (kind not in {"latest", "alarms"} or not _is_match(match)):
        text = (
            "match is an object of texts without NUL (site, type, metric, tag: a list of at most "
            f"{MAX_TAGS}), for kinds latest and alarms"
        )
        raise BadFrame("bad_request", text, sub)
    if len(keys) > settings.LIVE_MAX_SERIES:
        raise BadFrame("too_many", f"{settings.LIVE_MAX_SERIES} keys are allowed", sub)
    after = frame.get("after", "")
    if not isinstance(after, str):
        raise BadFrame("bad_request", "after must be the text of a cursor", sub)
    room = _room(frame, sub) if kind == "room" else ("", "")
    if kind not in WITHOUT_SERIES and not keys and match is None:
        raise BadFrame("bad_request", "keys must name at least one series", sub)
    return Subscribe(
        sub,
        cast("Kind", kind),
        tuple(dict.fromkeys(keys)),
        match,
        _number(frame, "from", -3_600_000.0, -400 * DAY_MS * 100, 4e12),
        int(_number(frame, "points", 600, 2, 10_000)),
        min(_number(frame, "rate_hz", 4, 0.01, 1_000), max_rate),
        parse_token(after),
        room,
        int(_number(frame, "note", 0, 0, 2**53)),
    )


def _room(frame: dict[str, Any], sub: int) -> tuple[str, str]:
    """Return what a room is of: `site`, `device` or `board`, one of them, and its name."""
    named = [(kind, frame[kind]) for kind in ("site", "device", "board") if kind in frame]
    if len(named) != 1 or not is_text(named[0][1]) or not 0 < len(named[0][1]) <= MAX_NAME:
        raise BadFrame("bad_request", "a room is of one site, device or board", sub)
    return named[0]


def _listed(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def parse_id(frame: dict[str, Any]) -> int:
    """Return the subscription's id.

    Raises:
        BadFrame: it is no whole number.
    """
    sub = frame.get("id")
    if isinstance(sub, bool) or not isinstance(sub, int) or not 0 <= sub < 2**53:
        raise BadFrame("bad_request", "id must be a whole number from 0")
    return sub


def _is_match(match: object) -> bool:
    if not isinstance(match, dict) or not set(match) <= {"site", "type", "tag", "metric"}:
        return False
    tags = match.get("tag", [])
    texts = [match[name] for name in ("site", "type", "metric") if name in match]
    return isinstance(tags, list) and len(tags) <= MAX_TAGS and all(map(is_text, [*texts, *tags]))


def is_text(given: object) -> TypeGuard[str]:
    """Return whether the database can look for it: no NUL, nothing that UTF-8 cannot say."""
    if not isinstance(given, str) or "\0" in given:
        return False
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(frame: dict[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = frame.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadFrame(
            "bad_request", f"{name} must be a number from {low:g} to {high:g}", frame.get("id")
        )
    return float(value)


def bare_ack(sub: int) -> dict[str, Any]:
    """Return the `ack` of a subscription that has no series: counts, jobs."""
    return {"t": "ack", "id": sub, "series": {}, "bin_ms": 0, "denied": []}


def dumps(frame: Any) -> str:
    """Return `frame` as JSON text, without white space; NaN cannot be in it."""
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def ms(ts: int) -> float:
    """Return µs as ms: a whole number where it is one, else with three decimals."""
    return ts // 1_000 if ts % 1_000 == 0 else ts / 1_000
