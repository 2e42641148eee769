"""Topic templates: `plant/{site}/{device}/{metric*}`.

| level | matches |
|---|---|
| `name` | itself |
| `a\\|b` | one of them |
| `{x}` | one level |
| `{x:regex}` | one level that the expression matches |
| `{x*}` | one level or more |
| `+` | one level, whatever it is |
| `#` | the rest, also nothing; at the end |
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Generic, TypeVar

# So many levels stand for `{x*}` where something follows it.
MAX_DEPTH = 4
# Topics of which it is remembered what they matched; longer ones are looked up each time.
REMEMBERED, _MAX_TOPIC = 8_192, 256
_CAPTURE = re.compile(r"\{([a-z_]+)(\*)?(?::(.+))?\}")


class BadTemplate(ValueError):
    """A topic template that cannot be used; says where, and why."""


class TopicTemplate:
    """A template, ready to be matched."""

    def __init__(self, text: str, base: str = "") -> None:
        """Compile `text`, with `base` in place of `{base}`.

        Raises:
            BadTemplate: says what is wrong with it.
        """
        self.text, self._base = text, {"base": base} if base else {}
        levels = levels_of(text.replace("{base}", base) if base else text)
        self._filters = tuple(dict.fromkeys(_filters(levels)))
        try:
            expression = re.compile(_pattern(levels), re.DOTALL)
        except re.error as error:
            raise BadTemplate(f"{text!r}: {error}") from error
        self._match, self._names = expression.fullmatch, set(expression.groupindex)
        # What a topic that matches must begin with: most topics are told apart by it.
        self._begin = next((level for level in levels[:1] if _is_plain(level)), "")

    def match(self, topic: str) -> dict[str, str] | None:
        """Return what the template captures of `topic`; None where it does not match."""
        if not topic.startswith(self._begin):
            return None
        found = self._match(topic)
        return None if found is None else {**found.groupdict(), **self._base}

    @property
    def names(self) -> set[str]:
        """Return what the template captures, by name."""
        return {*self._names, *self._base}

    @property
    def filters(self) -> tuple[str, ...]:
        """Return topic filters that all its topics match."""
        return self._filters


def levels_of(text: str) -> list[str]:
    """Split a template at its slashes, not at those within braces."""
    levels, depth = [""], 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == "/" and depth == 0:
            levels.append("")
        else:
            levels[-1] += character
    if depth:
        raise BadTemplate(f"{text!r}: a brace is not closed")
    if "#" in levels[:-1]:
        raise BadTemplate(f"{text!r}: # must be the last level")
    return levels


def _is_plain(level: str) -> bool:
    return not set(level) & set("{}+#|")


def _pattern(levels: list[str]) -> str:
    parts = []
    for place, level in enumerate(levels):
        slash = "/" if place else ""
        if level == "#":
            parts.append("(?:/.*)?" if place else ".*")
        elif level == "+":
            parts.append(rf"{slash}[^/]*")
        else:
            parts.append(slash + _level_pattern(level))
    return "".join(parts)


def pieces_of(level: str) -> list[str]:
    """Split a level into captures, braces and all, and the text around them."""
    pieces, depth = [""], 0
    for character in level:
        if character == "{" and depth == 0:
            pieces.append("")
        depth += (character == "{") - (character == "}")
        pieces[-1] += character
        if character == "}" and depth == 0:
            pieces.append("")
    return [piece for piece in pieces if piece]


def _only_capture(level: str) -> re.Match[str] | None:
    """Return the capture that a level is, as a whole."""
    return _CAPTURE.fullmatch(level) if len(pieces_of(level)) == 1 else None


def _level_pattern(level: str) -> str:
    found = _only_capture(level)
    if found is None:
        if "{" in level:
            return "".join(_parts(level))
        return "(?:" + "|".join(re.escape(one) for one in level.split("|")) + ")"
    name, many, expression = found.groups()
    if many:
        return rf"(?P<{name}>.+)"
    return rf"(?P<{name}>{expression})" if expression else rf"(?P<{name}>[^/]+)"


def _parts(level: str) -> Iterator[str]:
    """Yield the pattern of a level that has captures beside other text."""
    for part in pieces_of(level):
        found = _CAPTURE.fullmatch(part)
        if found is None:
            yield re.escape(part)
        else:
            yield rf"(?P<{found[1]}>{found[3] or '[^/]+'})"


def _filters(levels: list[str]) -> Iterator[str]:
    """Yield the filters of a template: `{x*}` within it is so many levels as topics have."""
    many = [place for place, level in enumerate(levels[:-1]) if "*}" in level]
    depths = range(1, MAX_DEPTH + 1) if many else (1,)
    for depth in depths:
        made = []
        for place, level in enumerate(levels):
            if place in many:
                made += ["+"] * depth
            elif place == len(levels) - 1 and ("*}" in level or level == "#"):
                made.append("#")
            else:
                made += [level] if _is_plain(level) else _wildcards(level)
        yield "/".join(made[: made.index("#") + 1] if "#" in made else made)


def _wildcards(level: str) -> list[str]:
    """Return as many wildcards as levels that `level`, which is not plain, stands for."""
    found = _only_capture(level)
    expression = (found[3] or "") if found else ""
    many = ["#"] if ".+" in expression or ".*" in expression else []
    return ["+"] * (expression.replace("[^/]", "").count("/") + (not many)) + many


T = TypeVar("T")


class FirstMatch(Generic[T]):
    """Templates in order, each with what it is for; which one a topic matched is remembered."""

    def __init__(self, templates: Iterable[tuple[TopicTemplate, T]]) -> None:
        """Take `templates`: those that come first are asked first."""
        self._templates = list(templates)
        self._found: dict[str, tuple[T, dict[str, str]] | None] = {}
        # All topics that match have one of them.
        self.filters = tuple(
            dict.fromkeys(one for template, _for in self._templates for one in template.filters)
        )

    def of(self, topic: str) -> tuple[T, dict[str, str]] | None:
        """Return what the first template that matches is for, and what it captures."""
        if topic in self._found:
            return self._found[topic]
        found = self._first(topic)
        if len(topic) <= _MAX_TOPIC:
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            self._found[topic] = found
        return found

    def _first(self, topic: str) -> tuple[T, dict[str, str]] | None:
        for template, what in self._templates:
            captured = template.match(topic)
            if captured is not None:
                return what, captured
        return None


@lru_cache(maxsize=4_096)
def compiled(text: str, base: str = "") -> TopicTemplate:
    """Return the template `text` below `base`, made once.

    Raises:
        BadTemplate: says what is wrong with it.
    """
    return TopicTemplate(text, base)
