"""What topic templates of people may ask of the one thread that reads packets.

Python's regular expressions backtrack: `(a|aa)+b` takes longer than anybody lives for a topic of
sixty letters. What people write is compiled, too, but only expressions of which the time stays
within bounds, whatever topic comes: nothing is repeated that repeats or chooses itself, and few
things are repeated side by side.
"""

import re
from collections import Counter
from collections.abc import Mapping
from re import _constants as kinds  # type: ignore[attr-defined] # in every Python from 3.11 on
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from mqtt_ingest.core.conventions.templates import BadTemplate

# Of a template; of an expression within it; and of parts of any length side by side, each of
# which multiplies the time by the length of the topic.
MAX_TEMPLATE, MAX_EXPRESSION, MAX_OPEN = 1_000, 200, 3
# Of a path: characters, parts, lists that are made or flattened, calls.
MAX_PATH, MAX_NODES, MAX_MADE, MAX_CALLS = 500, 100, 4, 3
_CAPTURE = re.compile(r"\{[a-z_]+(\*)?(?::((?:[^{}]|\{[^{}]*\})*))?\}")
# What may be repeated: one character, whichever.
_SINGLE = {kinds.LITERAL, kinds.NOT_LITERAL, kinds.IN, kinds.ANY}
_PLAIN = {*_SINGLE, kinds.BRANCH, kinds.SUBPATTERN, kinds.AT}


def check_bounds(text: str) -> None:
    """Refuse a template that could take long.

    Raises:
        BadTemplate: says why.
    """
    if len(text) > MAX_TEMPLATE:
        raise BadTemplate(f"longer than {MAX_TEMPLATE} characters")
    # What may match a slash is counted over the whole topic, the rest within its level.
    wide = sum(
        _open_parts(text, found) for found in _CAPTURE.finditer(text) if found[1] or found[2]
    )
    per_level = [len(_CAPTURE.findall(level)) for level in _levels(text)]
    if max(wide, *per_level) > MAX_OPEN:
        raise BadTemplate(
            f"{text!r}: at most {MAX_OPEN} parts of any length in one level, and {MAX_OPEN} "
            "expressions and {x*} that repeat in all"
        )


def check_path(text: str, tree: Mapping[str, Any]) -> None:
    """Refuse a JMESPath expression that could make far more of a payload than it is.

    Args:
        text: the expression.
        tree: as `jmespath` parses it.

    Raises:
        ValueError: says why.
    """
    if len(text) > MAX_PATH:
        raise ValueError(f"an expression longer than {MAX_PATH} characters")
    kinds_used: Counter[str] = Counter()
    waiting: list[Mapping[str, Any]] = [tree]
    while waiting:
        node = waiting.pop()
        kinds_used[str(node["type"])] += 1
        waiting += [one for one in node["children"] if isinstance(one, dict)]
    if kinds_used.total() > MAX_NODES:
        raise ValueError(f"{text[:80]!r} has more than {MAX_NODES} parts")
    # A list of the value twice, flattened, is twice as long; so on and on.
    made = kinds_used["multi_select_list"] + kinds_used["multi_select_dict"]
    if made and kinds_used["flatten"] and made + kinds_used["flatten"] > MAX_MADE:
        raise ValueError(f"{text[:80]!r} makes lists of lists, and flattens them, too often")
    if kinds_used["function_expression"] > MAX_CALLS:
        raise ValueError(f"{text[:80]!r} calls more than {MAX_CALLS} functions")


def _levels(text: str) -> list[str]:
    """Return the levels: a slash within braces parts none."""
    return re.split(r"/(?![^{}]*\})", text)


def _open_parts(text: str, found: "re.Match[str]") -> int:
    """Return how many parts of a capture are of any length."""
    expression = found[2]
    if expression is None:
        return 1
    if len(expression) > MAX_EXPRESSION:
        raise BadTemplate(f"{text!r}: an expression longer than {MAX_EXPRESSION} characters")
    try:
        parsed = parser.parse(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadTemplate(f"{text!r}: {error}") from error
    return _repeats(text, list(parsed))


def _repeats(text: str, parts: list[Any]) -> int:
    """Return how many things are repeated; refuse what is neither plain nor one character.

    Raises:
        BadTemplate: names it.
    """
    number = 0
    for kind, what in parts:
        if kind in {kinds.MAX_REPEAT, kinds.MIN_REPEAT}:
            _least, most, body = what
            if len(body) != 1 or body[0][0] not in _SINGLE:
                raise BadTemplate(f"{text!r}: only single characters are repeated, as in [0-9]+")
            number += most != 1
        elif kind not in _PLAIN:
            raise BadTemplate(f"{text!r}: {str(kind).lower()} is not used in expressions here")
        elif kind is kinds.SUBPATTERN:
            number += _repeats(text, list(what[-1]))
        elif kind is kinds.BRANCH:
            number += sum(_repeats(text, list(branch)) for branch in what[1])
    return number
