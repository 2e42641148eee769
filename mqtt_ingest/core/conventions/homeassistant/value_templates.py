"""Value templates, interpreted over Jinja2's syntax tree and never executed.

Whoever may publish a discovery message chooses its templates: so Jinja2's parser reads them,
and what they ask for is done here where it is on the list, within a budget of steps. Anything
else is `Unsupported`, with the name of what it was.
"""

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson
from jinja2 import Environment, TemplateError, nodes

MAX_TEMPLATE, MAX_STEPS, MAX_OUTPUT = 2_048, 500, 1_024
# Of what is made on the way; a payload may be larger, and is taken as it is.
MAX_TEXT, MAX_WHOLE, MAX_PARTS, MAX_SIGNS = 300_000, 2**63, 10_000, 64
# Of all templates that one packet is read by: steps, and characters and items made on the way.
MAX_PACKET_STEPS, MAX_MADE = 20_000, 3_000_000
_PARSER = Environment(autoescape=True)  # it parses; nothing is rendered by it
_MISSING: Any = object()
NO_JSON: Any = object()


class Unsupported(ValueError):
    """The template asks for something that is not on the list; says what."""


class NoValue(ValueError):
    """The payload lacks what the template asks for."""


class Budget:
    """What the templates that one packet is read by may cost together.

    Args:
        steps: of evaluation.
        made: characters of texts and items of lists that are made on the way.
    """

    def __init__(self, steps: int = MAX_PACKET_STEPS, made: int = MAX_MADE) -> None:
        self._steps = steps
        self._made = made

    def step(self) -> None:
        """Note a step.

        Raises:
            Unsupported: there were too many.
        """
        self._steps -= 1
        if self._steps < 0:
            raise Unsupported(f"more than {MAX_PACKET_STEPS:,} steps for one packet")

    def spend(self, number: int) -> None:
        """Note that so many characters or items are made.

        Raises:
            Unsupported: there were too many.
        """
        self._made -= number
        if self._made < 0:
            raise Unsupported("too much is made of one packet")


# A tree takes thirty times the memory of its text: few long ones are kept.
SHORT = 200


def parsed(text: str) -> nodes.Template:
    """Return the syntax tree of a template.

    Raises:
        Unsupported: it is too long, or no template.
    """
    if len(text) > MAX_TEMPLATE:
        raise Unsupported(f"a template of more than {MAX_TEMPLATE:,} characters")
    return (_parsed_short if len(text) <= SHORT else _parsed_long)(text)


def _parse(text: str) -> nodes.Template:
    try:
        return _PARSER.parse(text)
    except (TemplateError, RecursionError) as error:
        raise Unsupported(f"it cannot be read: {error}") from error


_parsed_short, _parsed_long = lru_cache(maxsize=2_048)(_parse), lru_cache(maxsize=128)(_parse)


def json_of(payload: str) -> Any:
    """Return a payload as `render` takes it as JSON: made once for all templates of a packet."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return NO_JSON


def render(
    text: str, payload: str, value_json: Any = _MISSING, budget: Budget | None = None
) -> str:
    """Return what the template `text` makes of a payload.

    Args:
        text: the template; empty: the payload as it is.
        payload: as text, `value` in the template.
        value_json: the payload as JSON, where the caller has it; `NO_JSON`: it is none.
        budget: what all templates for this packet may cost together.

    Raises:
        Unsupported: it asks for something that is not on the list.
        NoValue: the payload lacks what it asks for, or is of another type.
    """
    if not text:
        return payload
    if value_json is _MISSING:
        value_json = json_of(payload)
    if value_json is NO_JSON:
        value_json = _MISSING
    names = {"value": payload, "value_json": value_json, "this": {}}
    try:
        return _Run(names, budget or Budget()).template(parsed(text))
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        if isinstance(error, Unsupported | NoValue):
            raise
        raise NoValue(str(error)) from error
    except RecursionError as error:
        raise Unsupported("nested too deeply") from error


def path_of(text: str) -> list[str | int] | None:
    """Return the path below `value_json` that a template gives back; None: it does more."""
    try:
        body = parsed(text).body if text else []
    except Unsupported:
        return None
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        return None
    node: nodes.Node = body[0].nodes[0]
    while isinstance(node, nodes.Filter) and node.node is not None:
        node = node.node
    path: list[str | int] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            path.append(node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
            path.append(node.arg.value)
        else:
            return None
        node = node.node
    is_json = isinstance(node, nodes.Name) and node.name == "value_json"
    return path[::-1] if is_json else None


class _Run:
    """One evaluation, with what it may use and how much of it."""

    def __init__(self, names: dict[str, Any], budget: Budget) -> None:
        self.names = names
        self.budget = budget
        self.steps = 0

    def template(self, tree: nodes.Template) -> str:
        made = self.body(tree.body).strip()
        if len(made) > MAX_OUTPUT:
            raise Unsupported(f"an output of more than {MAX_OUTPUT:,} characters")
        return made

    def body(self, parts: list[nodes.Node]) -> str:
        return "".join([self.statement(part) for part in parts])

    def statement(self, node: nodes.Node) -> str:
        self._step()
        if isinstance(node, nodes.Output):
            return self.joined([self.value(part) for part in node.nodes])
        if isinstance(node, nodes.If):
            return self._if(node)
        if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
            self.names[node.target.name] = self.value(node.node)
            return ""
        raise Unsupported(_name(node))

    def _if(self, node: nodes.If) -> str:
        if self.value(node.test):
            return self.body(node.body)
        for other in node.elif_:
            if self.value(other.test):
                return self.body(other.body)
        return self.body(node.else_)

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Unsupported(f"more than {MAX_STEPS} steps")
        self.budget.step()

    def value(self, node: nodes.Node) -> Any:
        self._step()
        evaluate = _VALUES.get(type(node))
        if evaluate is None:
            raise Unsupported(_name(node))
        made = evaluate(self, node)
        if type(node) in _MAKING:
            self.budget.spend(_size(made))
        return _bounded(made)

    def joined(self, parts: list[Any], sign: str = "") -> str:
        """Return parts as one text; how long that would be is looked at first."""
        texts = [self.text(part) for part in parts]
        _room(sum(map(len, texts)) + len(sign) * max(0, len(texts) - 1))
        return sign.join(texts)

    def text(self, value: Any) -> str:
        """Return a value as a text, within the budget."""
        made = _text(value)
        if not isinstance(value, str):
            self.budget.spend(len(made))
        return made

    # --- expressions --------------------------------------------------------
    def name(self, node: nodes.Name) -> Any:
        if node.name not in self.names:
            raise Unsupported(node.name)
        return self.names[node.name]

    def attribute(self, node: nodes.Getattr) -> Any:
        return _get(self.value(node.node), node.attr)

    def item(self, node: nodes.Getitem) -> Any:
        if isinstance(node.arg, nodes.Slice):
            return self.slice(node, node.arg)
        return _get(self.value(node.node), self.value(node.arg))

    def slice(self, node: nodes.Getitem, part: nodes.Slice) -> Any:
        bounds = [None if one is None else self.value(one) for one in (part.start, part.stop)]
        return self.value(node.node)[bounds[0] : bounds[1]]

    def condition(self, node: nodes.CondExpr) -> Any:
        if self.value(node.test):
            return self.value(node.expr1)
        return "" if node.expr2 is None else self.value(node.expr2)

    def comparison(self, node: nodes.Compare) -> bool:
        left = self.value(node.expr)
        self.budget.spend(_size(left))
        for operand in node.ops:
            right = self.value(operand.expr)
            # Lists are compared item by item.
            self.budget.spend(_size(left) + _size(right))
            if not _COMPARE[operand.op](left, right):
                return False
            left = right
        return True

    def test(self, node: nodes.Test) -> bool:
        try:
            value = self.value(node.node)
        except NoValue:
            value = _MISSING
        if node.name not in _TESTS:
            raise Unsupported(f"test {node.name}")
        return _TESTS[node.name](value)

    def filter(self, node: nodes.Filter) -> Any:
        if node.node is None or node.name not in _FILTERS:
            raise Unsupported(f"filter {node.name}")
        try:
            value = self.value(node.node)
        except NoValue:
            if node.name not in _FILTERS_OF_NOTHING:
                raise
            value = _MISSING
        arguments = [self.value(one) for one in node.args]
        named = {str(one.key): self.value(one.value) for one in node.kwargs}
        self.budget.spend(_size(value) + sum(map(_size, [*arguments, *named.values()])))
        if node.name == "join":
            return self.joined(list(value), *map(str, arguments))
        return _FILTERS[node.name](value, *arguments, **named)

    def call(self, node: nodes.Call) -> Any:
        arguments = [self.value(one) for one in node.args]
        target = node.node
        if isinstance(target, nodes.Name) and target.name in _FUNCTIONS:
            self.budget.spend(sum(map(_size, arguments)))
            return _FUNCTIONS[target.name](*arguments)
        if isinstance(target, nodes.Getattr) and target.attr in _METHODS:
            value = self.value(target.node)
            self.budget.spend(_size(value) + sum(map(_size, arguments)))
            return _METHODS[target.attr](value, *arguments)
        raise Unsupported(getattr(target, "attr", getattr(target, "name", "a call")) + "()")

    def mapping(self, node: nodes.Dict) -> dict[Any, Any]:
        values = _scalars([self.value(pair.value) for pair in node.items])
        return dict(zip([self.value(pair.key) for pair in node.items], values, strict=True))

    def operation(self, node: nodes.BinExpr) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node, nodes.Add) and isinstance(left, str) != isinstance(right, str):
            raise NoValue("a text and a number cannot be added")
        if isinstance(node, nodes.Add) and isinstance(left, list | dict):
            raise Unsupported("adding lists")
        if isinstance(left, str) and isinstance(right, str):
            _room(len(left) + len(right))
        if isinstance(node, nodes.Mul) and not (_is_number(left) and _is_number(right)):
            raise Unsupported("repeating a text")
        return _OPERATIONS[type(node)](left, right)


def _size(value: Any) -> int:
    """Return what a value costs: its characters, or its items, which are of some bytes each."""
    if isinstance(value, str):
        return len(value)
    if not isinstance(value, list | dict):
        return 1
    found, waiting = 0, [value]
    while waiting:
        inner = waiting.pop()
        found += 16 * len(inner) + 16
        items = inner.values() if isinstance(inner, dict) else inner
        for one in items:
            if isinstance(one, list | dict):
                waiting.append(one)
            elif isinstance(one, str):
                found += len(one)
    return found


def _room(length: int) -> None:
    if length > MAX_TEXT:
        raise Unsupported(f"a text of more than {MAX_TEXT:,} characters")


def _parts(number: int) -> None:
    if number > MAX_PARTS:
        raise Unsupported(f"more than {MAX_PARTS:,} parts")


def _split(value: Any, sign: Any = None) -> list[str]:
    made = str(value).split(sign, MAX_PARTS)
    _parts(len(made))
    return made


def _replaced(value: Any, old: Any, new: Any) -> str:
    text, gone, come = str(value), str(old), str(new)
    _room(len(text) + text.count(gone) * max(0, len(come) - len(gone)))
    return text.replace(gone, come)


def _strip(value: Any, signs: Any = None) -> str:
    # Each sign is compared with each character.
    if isinstance(signs, str) and len(signs) > MAX_SIGNS:
        raise Unsupported(f"more than {MAX_SIGNS} signs to take off")
    return str(value).strip(signs)


def _sum(value: Any) -> Any:
    if not isinstance(value, list) or not all(_is_number(one) for one in value):
        raise NoValue("a sum is of numbers")
    return sum(value)


def _list(value: Any) -> list[Any]:
    _parts(len(value))
    return list(value)


def _bounded(made: Any) -> Any:
    """Return what was made, unless it grows with each step that uses it again."""
    if isinstance(made, str) and len(made) > MAX_TEXT:
        raise Unsupported(f"a text of more than {MAX_TEXT:,} characters")
    if isinstance(made, int) and not isinstance(made, bool) and abs(made) > MAX_WHOLE:
        return float(made)
    return made


def _scalars(made: list[Any]) -> list[Any]:
    """Return a list that a template writes: not of lists, which could double without end."""
    if any(isinstance(one, list | dict) for one in made):
        raise Unsupported("a list of lists")
    return made


def _name(node: nodes.Node) -> str:
    return type(node).__name__.lower()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _get(value: Any, key: Any) -> Any:
    if value is _MISSING:
        raise NoValue("the payload is no JSON")
    if isinstance(key, str) and key.startswith("_"):
        raise Unsupported(key)
    if isinstance(value, dict) and key in value:
        return value[key]
    if isinstance(value, list | str) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    raise NoValue(f"there is no {key}")


def _text(value: Any) -> str:
    if value is _MISSING:
        raise NoValue("nothing to give back")
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)


def _number(value: Any, default: Any = _MISSING) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        if default is _MISSING:
            raise NoValue(f"{value!r} is no number") from None
        return default  # type: ignore[no-any-return] # as the template gives it
    return found


def _whole(value: Any, default: Any = _MISSING, base: Any = 10) -> Any:
    try:
        return int(value, base) if isinstance(value, str) and base != 10 else int(float(value))
    except (TypeError, ValueError, OverflowError):
        if default is _MISSING:
            raise NoValue(f"{value!r} is no number") from None
        return default


def _round(value: Any, precision: Any = 0, method: Any = "common", default: Any = _MISSING) -> Any:
    number = _number(value, default)
    if not _is_number(number):
        return number
    digits = max(-12, min(12, int(precision)))
    if method in {"floor", "ceil"}:
        scale = 10**digits
        return (math.floor if method == "floor" else math.ceil)(number * scale) / scale
    made = round(number, digits)
    return int(made) if digits == 0 else made


def _default(value: Any, other: Any = "", boolean: Any = False) -> Any:  # noqa: FBT002 - Jinja's
    return other if value is _MISSING or (boolean and not value) else value


def _defined(value: Any) -> Any:
    if value is _MISSING:
        raise NoValue("it is not defined")
    return value


def _bool(value: Any, default: Any = _MISSING) -> bool:
    word = str(value).lower()
    if word in {"true", "yes", "on", "1", "enable"}:
        return True
    if word in {"false", "no", "off", "0", "disable"}:
        return False
    if default is _MISSING:
        raise NoValue(f"{value!r} is neither true nor false")
    return bool(default)


def _iif(value: Any, yes: Any = True, no: Any = False, nothing: Any = _MISSING) -> Any:  # noqa: FBT002
    if value is None and nothing is not _MISSING:
        return nothing
    return yes if value else no


def _power(left: Any, right: Any) -> Any:
    if abs(right) > 64:
        raise Unsupported("a power above 64")
    return left**right


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "lteq": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gteq": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
    "notin": lambda a, b: a not in b,
}
_TESTS: dict[str, Callable[[Any], bool]] = {
    "defined": lambda value: value is not _MISSING,
    "undefined": lambda value: value is _MISSING,
    "none": lambda value: value is None,
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "mapping": lambda value: isinstance(value, dict),
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "iterable": lambda value: isinstance(value, list | dict | str),
    "even": lambda value: value % 2 == 0,
    "odd": lambda value: value % 2 == 1,
}


def _to_json(value: Any) -> str:
    """Return a value as JSON; how it is laid out is not chosen: blanks cost as much as signs."""
    return json.dumps(value)


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "float": _number,
    "int": _whole,
    "round": _round,
    "abs": abs,
    "default": _default,
    "d": _default,
    "is_defined": _defined,
    "bool": _bool,
    "iif": _iif,
    "lower": lambda value: str(value).lower(),
    "upper": lambda value: str(value).upper(),
    "title": lambda value: str(value).title(),
    "capitalize": lambda value: str(value).capitalize(),
    "trim": _strip,
    "string": _text,
    "replace": _replaced,
    "multiply": lambda value, by: _number(value) * by,
    "add": lambda value, other: _number(value) + other,
    "length": len,
    "count": len,
    "first": lambda value: value[0],
    "last": lambda value: value[-1],
    "max": max,
    "min": min,
    "sum": _sum,
    "list": _list,
    "join": "".join,  # done by the run itself, which looks how long it would be
    "from_json": orjson.loads,
    "to_json": _to_json,
    "tojson": _to_json,
    "urlencode": str,
    "safe": lambda value: value,
}
_FILTERS_OF_NOTHING = frozenset({"default", "d", "is_defined", "float", "int"})
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "float": _number,
    "int": _whole,
    "round": _round,
    "bool": _bool,
    "iif": _iif,
    "max": max,
    "min": min,
    "abs": abs,
}
_METHODS: Mapping[str, Callable[..., Any]] = {
    "get": lambda value, key, other=None: value.get(key, other),
    "split": _split,
    "strip": _strip,
    "lower": lambda value: str(value).lower(),
    "upper": lambda value: str(value).upper(),
    "replace": _replaced,
    "startswith": lambda value, begin: str(value).startswith(str(begin)),
    "endswith": lambda value, end: str(value).endswith(str(end)),
    "keys": lambda value: _list(value.keys()),
    "values": lambda value: _list(value.values()),
}
_OPERATIONS: Mapping[type[nodes.Node], Callable[[Any, Any], Any]] = {
    nodes.Add: lambda a, b: a + b,
    nodes.Sub: lambda a, b: a - b,
    nodes.Mul: lambda a, b: a * b,
    nodes.Div: lambda a, b: a / b,
    nodes.FloorDiv: lambda a, b: a // b,
    nodes.Mod: lambda a, b: a % b if _is_number(a) else _refuse("formatting"),
    nodes.Pow: _power,
}
_VALUES: Mapping[type[nodes.Node], Callable[[_Run, Any], Any]] = {
    nodes.TemplateData: lambda _run, node: node.data,
    nodes.Const: lambda _run, node: node.value,
    nodes.Name: _Run.name,
    nodes.Getattr: _Run.attribute,
    nodes.Getitem: _Run.item,
    nodes.CondExpr: _Run.condition,
    nodes.Compare: _Run.comparison,
    nodes.Test: _Run.test,
    nodes.Filter: _Run.filter,
    nodes.Call: _Run.call,
    nodes.And: lambda run, node: run.value(node.left) and run.value(node.right),
    nodes.Or: lambda run, node: run.value(node.left) or run.value(node.right),
    nodes.Not: lambda run, node: not run.value(node.node),
    nodes.Neg: lambda run, node: -run.value(node.node),
    nodes.Pos: lambda run, node: run.value(node.node),
    nodes.Concat: lambda run, node: run.joined([run.value(one) for one in node.nodes]),
    nodes.List: lambda run, node: _scalars([run.value(one) for one in node.items]),
    nodes.Tuple: lambda run, node: _scalars([run.value(one) for one in node.items]),
    nodes.Dict: _Run.mapping,
    **dict.fromkeys(_OPERATIONS, _Run.operation),
}


# What of these gives back is made anew, and no part of the payload.
_MAKING = frozenset(
    {nodes.Filter, nodes.Call, nodes.Concat, nodes.Add, nodes.Getitem, nodes.List, nodes.Dict}
)


def _refuse(what: str) -> Any:
    raise Unsupported(what)
