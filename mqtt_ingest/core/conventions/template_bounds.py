"""What topic templates of people may ask of the one thread that reads packets.

Python's regular expressions backtrack: `(a|aa)+b` takes longer than anybody lives for a topic of
sixty letters. What people write is compiled, too, but only expressions of which the time stays
within bounds, whatever topic comes: nothing is repeated that repeats or chooses itself, and few
things are repeated side by side.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf, prod
from re import _constants as kinds  # type: ignore[attr-defined] # in every Python from 3.11 on
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from mqtt_ingest.core.conventions.templates import BadTemplate, levels_of, pieces_of

# Of a template; of an expression within it; and of parts of any length side by side, each of
# which multiplies the time by the length of the topic.
MAX_TEMPLATE, MAX_EXPRESSION, MAX_OPEN = 1_000, 200, 3
# Templates of a Source with more than one such part in a level, or repeated ones: each is asked.
MAX_SLOW = 20
# How often a path may write what it is given; see `_amplified`.
MAX_AMPLIFIED = 64
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
    for level in levels_of(text):
        for piece in pieces_of(level):
            # What is looked at here and what is compiled must be the same.
            if "{" in piece and not _CAPTURE.fullmatch(piece):
                raise BadTemplate(f"{text!r}: braces within braces")
    # What may match a slash is counted over the whole topic, the rest within its level.
    if _open(text) > MAX_OPEN:
        raise BadTemplate(
            f"{text!r}: at most {MAX_OPEN} parts of any length in one level, and {MAX_OPEN} "
            "expressions and {x*} that repeat in all"
        )


def is_slow(text: str) -> bool:
    """Return whether the time for a topic grows faster than its length."""
    return _open(text) > 1


def _open(text: str) -> int:
    """Return how many parts of any length there are side by side, at most."""
    wide = sum(
        _open_parts(text, found) for found in _CAPTURE.finditer(text) if found[1] or found[2]
    )
    return max(wide, *(len(_CAPTURE.findall(level)) for level in levels_of(text)))


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
    if _amplified(tree) > MAX_AMPLIFIED:
        raise ValueError(f"{text[:80]!r} could make far more of a payload than it is")


def _amplified(node: Mapping[str, Any]) -> float:
    """Return how many times as long as its input what a node makes may be, at most."""
    kind, told = node["type"], [one for one in node["children"] if isinstance(one, dict)]
    made = [_amplified(one) for one in told]
    if kind == "literal":
        # Once for each element, which takes two characters.
        return max(1.0, len(str(node["value"])) / 2)
    if kind == "function_expression":
        return _amplified_by_function(node["value"], told, made)
    if kind in {"multi_select_list", "multi_select_dict", "or_expression", "and_expression"}:
        return max(1.0, sum(made))
    return prod(made)


def _amplified_by_function(
    name: str, told: Sequence[Mapping[str, Any]], made: Sequence[float]
) -> float:
    if name == "join" and told and told[0]["type"] != "literal":
        # A separator out of the payload stands between all elements of another part of it.
        return inf
    if name == "to_string":
        # Quotes and backslashes are written as two.
        return 2 * prod(made)
    return max(1.0, prod(made), sum(made))


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
