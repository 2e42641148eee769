"""Templates from a sample: what is proposed to people, with reasons and how sure it is."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mqtt_ingest.core.conventions.by_template import Template
from mqtt_ingest.core.reading import plain
from mqtt_ingest.core.structure import words
from mqtt_ingest.core.structure.levels import Tree
from mqtt_ingest.core.structure.observations import Observed

# Topics of more levels are of no device that anybody named; and so many are looked at in all.
MAX_LEVELS, MAX_LEVELS_IN_ALL = 16, 150_000


@dataclass(slots=True)
class Proposal:
    """A template that fits some topics.

    Args:
        template: it.
        reasons: why, in words.
        confidence: 0 to 1.
        topics: that it fits, of the sample.
    """

    template: Template
    reasons: list[str] = field(default_factory=list)
    confidence: float = 0.5
    topics: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """A topic with readings: how many levels lead to its device."""

    observed: Observed
    end: int
    reasons: list[str]
    # Where the payload names the device; empty: the topic does.
    device_path: str = ""

    @property
    def parent(self) -> tuple[str, ...]:
        return tuple(self.observed.levels[: self.end - 1])

    @property
    def device(self) -> str:
        return self.observed.levels[self.end - 1]


def propose(observed: Iterable[Observed]) -> list[Proposal]:
    """Return templates for what was observed, those that must be asked first in front."""
    sorted_out: dict[str, list[Observed]] = {"ignore": [], "presence": [], "values": []}
    room = MAX_LEVELS_IN_ALL
    for one in observed:
        room -= len(one.levels)
        if len(one.levels) > MAX_LEVELS or room < 0:
            continue
        sorted_out[_use_of(one)].append(one)
    readings = sorted_out["values"]
    tree = Tree(
        [one.levels for one in readings if one.kind == "scalar"],
        [one.levels for one in readings if one.kind != "scalar"],
    )
    made = [_reading(one, tree) for one in readings]
    found = [*_presences(sorted_out["presence"], made), *_ignored(sorted_out["ignore"])]
    return [*found, *_values(made)]


def _use_of(one: Observed) -> str:
    """Return what a topic is for: `values`, `presence`, or `ignore`."""
    if one.kind in {"binary", "empty"}:
        return "ignore"
    names = [plain(level) for level in one.levels]
    if names[-1] in words.PRESENCE and _is_presence(one, names[-1]):
        return "presence"
    if names[-1] in words.COMMANDS | words.TALK or set(names[1:-1]) & (words.COMMANDS | {"meta"}):
        return "ignore"
    if one.levels[-1].startswith("$") or (set(names[:-1]) & words.EVENTS and _is_event(one)):
        return "ignore"
    return "values"


def _is_presence(one: Observed, name: str) -> bool:
    """Return whether all that a topic carries are words for being there or not."""
    told = [_word(value) for value in one.values]
    if name in words.SURE_PRESENCE and all(word in {"0", "1", "true", "false"} for word in told):
        return True
    return bool(told) and all(word in words.PRESENCE_WORDS for word in told)


def _word(value: Any) -> str:
    if isinstance(value, dict):
        known = [value[name] for name in ("state", "status", "online") if name in value]
        value = known[0] if known else ""
    return str(value).strip().strip('"').lower()


def _is_event(one: Observed) -> bool:
    """Return whether a topic below `event` carries what happened, rather than what is."""
    for value in one.values:
        if isinstance(value, dict):
            if {plain(name) for name in value} & {"event", "action", "eventtype", "type"}:
                return True
        elif isinstance(value, str):
            return True
    return False


# --- readings ---------------------------------------------------------------
def _reading(one: Observed, tree: Tree) -> _Reading:
    """Decide which level of a topic, or which member of its payload, is the device."""
    levels = one.levels
    end = tree.device(levels, is_whole=one.kind != "scalar")
    found = _Reading(one, end, [])
    named = _named(one)
    if named is not None:
        path, told = named
        at = _level_of(levels, told)
        if at is not None:
            found.end = at + 1
            found.reasons.append(f"the payload's {path} is that level of the topic")
            return found
        is_several = len(told) > 1
        if is_several or (_is_strong(path) and not words.is_id(levels[end - 1])):
            found.device_path = path
            found.reasons.append(
                f"the payload's {path} names the device"
                + (f": {len(told)} came by one topic" if is_several else "")
            )
            return found
    if words.is_id(levels[end - 1]):
        found.reasons.append(f"{levels[end - 1]} looks like a serial number or address")
    rest = levels[end:]
    if rest:
        found.reasons.append(f"{'/'.join(rest)} tells what is measured")
    return found


def _named(one: Observed) -> tuple[str, set[str]] | None:
    """Return where payloads name the device (JMESPath), and as what; None: nowhere."""
    objects = [value for value in one.values if isinstance(value, dict)]
    if not objects:
        return None
    for prefix, candidates in _levels_of(objects):
        names = {plain(name): name for name in candidates[0]}
        for key in (*words.STRONG_IDS, *words.WEAK_IDS):
            name = names.get(key)
            told = {
                str(value[name]) for value in candidates if name in value and _is_name(value[name])
            }
            if name is None or not told:
                continue
            if key in words.WEAK_IDS and len(told) < 2 and _level_of(one.levels, told) is None:
                continue
            return f'{prefix}"{name}"', told
    return None


def _levels_of(objects: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the objects that may name the device: themselves, and the one that they wrap."""
    found: list[tuple[str, list[dict[str, Any]]]] = [("", list(objects))]
    if len(objects[0]) == 1:
        (name,) = objects[0]
        inner = [value[name] for value in objects if isinstance(value.get(name), dict)]
        if inner:
            found.append((f'"{name}".', inner))
    return found


def _is_name(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    return 0 < len(str(value)) <= 100


def _is_strong(path: str) -> bool:
    return plain(path.rsplit(".", 1)[-1]) in words.STRONG_IDS


def _level_of(levels: Sequence[str], told: set[str]) -> int | None:
    """Return the place of the level that is what the payload calls the device."""
    if len(told) != 1:
        return None
    wanted = plain(next(iter(told)))
    return next((at for at, level in enumerate(levels) if plain(level) == wanted and wanted), None)


def _values(made: Sequence[_Reading]) -> list[Proposal]:
    """Return the templates of topics with readings: one for those of the same layout."""
    groups: dict[tuple[Any, ...], list[_Reading]] = defaultdict(list)
    for one in made:
        groups[_layout(one)].append(one)
    prefixes = _prefixes(made)
    proposals = [_proposal(group, prefixes) for group in groups.values()]
    # Templates with more that is fixed are asked first.
    return sorted(proposals, key=lambda one: _openness(one.template.topic))


def _layout(one: _Reading) -> tuple[Any, ...]:
    """Return what topics of one template have in common."""
    levels, kind = one.observed.levels, one.observed.kind
    rest = len(levels) - one.end
    is_whole = kind != "scalar"
    own = one.device if _is_fixed(one) else ""
    suffix = tuple(levels[one.end :]) if is_whole else ()
    if not is_whole and rest > 1 and words.is_group(levels[-1]):
        suffix = (levels[-1],)
    return (one.parent, own, one.device_path, is_whole, suffix, min(rest, 1))


def _is_fixed(one: _Reading) -> bool:
    """Return whether the device is written out: at the root, `+` would stand for anything."""
    return not any(one.parent) or bool(one.device_path)


def _prefixes(made: Sequence[_Reading]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return, by parent, the levels that go before the ids of its devices: as few as tell them."""
    parents: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    below: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for one in made:
        below[one.parent].add(one.device)
        if one.parent:
            parents[one.device].add(one.parent)
    found = {}
    # Thousands of parents may have the same devices below them: looked at once.
    known: dict[tuple[str, ...], _Way] = {}
    for parent, devices in below.items():
        alike = tuple(
            sorted(
                device
                for device in devices
                if words.is_number(device) or (not words.is_id(device) and len(parents[device]) > 1)
            )
        )
        if alike not in known:
            known[alike] = _telling_apart(set().union(*(parents[device] for device in alike)))
        found[parent] = known[alike](parent) if alike else ()
    return found


_Way = Callable[[tuple[str, ...]], tuple[str, ...]]
_WAYS: tuple[_Way, ...] = (
    lambda path: tuple(level for level in path if level and not words.is_group(level))[-2:],
    lambda path: tuple(level for level in path[-1:] if level),
    lambda path: tuple(level for level in path[-2:] if level),
)


def _telling_apart(parents: set[tuple[str, ...]]) -> _Way:
    """Return which levels of one of `parents` no other of them has, too."""
    for way in _WAYS:
        if len({way(one) for one in parents}) == len(parents):
            return way
    return lambda path: tuple(level for level in path if level)


def _proposal(
    group: Sequence[_Reading], prefixes: dict[tuple[str, ...], tuple[str, ...]]
) -> Proposal:
    first = group[0]
    levels = first.observed.levels
    is_fixed = _is_fixed(first)
    head = [*map(_quoted, first.parent), _quoted(first.device) if is_fixed else "{device}"]
    layout = _layout(first)
    is_whole, suffix = layout[3], layout[4]
    rest = len(levels) - first.end
    tail: list[str] = []
    if is_whole:
        tail = [_quoted(level) for level in suffix]
    elif rest:
        tail = ["{metric*}", *(_quoted(level) for level in suffix)]
    named = [level for level in suffix if not words.is_group(level)] if is_whole else []
    template = Template(
        topic="/".join([*head, *tail]),
        device=_device_format(first.device if is_fixed else "", prefixes[first.parent]),
        device_path=first.device_path,
        metric=".".join(named) if is_whole else "{metric}",
    )
    devices = {one.device for one in group}
    reasons = list(dict.fromkeys(reason for one in group for reason in one.reasons))[:4]
    if len(devices) > 1:
        reasons.insert(0, f"{len(devices)} names at one level with the same below them")
    confidence = min(0.95, 0.5 + 0.15 * (len(devices) > 1) + 0.15 * bool(reasons) + 0.1 * is_whole)
    return Proposal(template, reasons, confidence, [one.observed.topic for one in group])


def _device_format(own: str, prefix: tuple[str, ...]) -> str:
    """Return how an id is put together; `own` is the device that is written out, or empty."""
    return "/".join([*map(_escaped, prefix), _escaped(own) if own else "{device}"])


def _escaped(level: str) -> str:
    return level.replace("{", "{{").replace("}", "}}")


def _quoted(level: str) -> str:
    """Return a level as a template has to write it, where it has signs of its own."""
    if set(level) & set("{}+#|"):
        return "{fixed:" + "".join(f"[{one}]" if one in "{}+#|" else one for one in level) + "}"
    return level


def _openness(topic: str) -> tuple[int, int]:
    levels = topic.split("/")
    return sum("*}" in level for level in levels), -len(levels)


# --- presence, and what says nothing ----------------------------------------
def _presences(presences: Sequence[Observed], made: Sequence[_Reading]) -> list[Proposal]:
    """Return templates of topics that tell whether a device is there."""
    known = {(one.parent, one.device) for one in made if not one.device_path}
    prefixes = _prefixes(made)
    groups: dict[tuple[Any, ...], list[Observed]] = defaultdict(list)
    for one in presences:
        *head, last = one.levels
        while (
            len(head) > 1 and words.is_group(head[-1]) and (tuple(head[:-1]), head[-1]) not in known
        ):
            head.pop()
        parent, device = tuple(head[:-1]), head[-1] if head else ""
        is_fixed = not any(parent)
        middle = one.levels[len(head) : -1]
        groups[(parent, device if is_fixed else "", tuple(middle), last)].append(one)
    found = []
    for (parent, own, middle, last), group in groups.items():
        device = _quoted(own) if own else "{device}"
        if not parent and not own:
            continue
        template = Template(
            topic="/".join([*map(_quoted, parent), device, *map(_quoted, middle), _quoted(last)]),
            kind="presence",
            device=_device_format(own, prefixes.get(parent, ())),
        )
        reason = f"{last} carries words such as {_word(group[0].values[0])!r}"
        found.append(Proposal(template, [reason], 0.8, [one.topic for one in group]))
    return found


def _ignored(silent: Sequence[Observed]) -> list[Proposal]:
    """Return templates of topics that carry no readings."""
    groups: dict[tuple[str, ...], list[Observed]] = defaultdict(list)
    for one in silent:
        groups[tuple(_varied(one.levels))].append(one)
    found = []
    for levels, group in groups.items():
        what = "pictures, or other bytes" if group[0].kind == "binary" else "commands or talk"
        if group[0].kind == "empty":
            continue
        template = Template(topic="/".join(levels), kind="ignore", device="x")
        found.append(Proposal(template, [f"they carry {what}"], 0.7, [one.topic for one in group]))
    return found


def _varied(levels: Sequence[str]) -> list[str]:
    """Return a topic with `+` for what looks like an id, but at the root."""
    return [
        "+" if place and (words.is_id(level) or words.is_number(level)) else _quoted(level)
        for place, level in enumerate(levels)
    ]
