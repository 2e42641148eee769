"""What was read from a message against what must be."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from devices import units
from mqtt_ingest.core.timestamps import is_sane, read_time
from tests.corpus.lines import Line

TOLERANCE = 1e-6
# Times finer than that may be cut; µs.
CUT = 2_000
_WORDS = {"on": 1.0, "true": 1.0, "off": 0.0, "false": 0.0}


class Found(NamedTuple):
    """A reading: `ts` in µs, `kind` as its series has it."""

    device: str
    metric: str
    value: float | str
    ts: int
    kind: str
    unit: str = ""
    # It was not there before the message.
    is_new: bool = True


@dataclass
class Row:
    """One ecosystem of the table."""

    messages: int = 0
    expected: int = 0
    found: int = 0
    # Found, with another unit than the documentation says, or none.
    units: int = 0
    extra: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Table:
    """The verdict on all messages."""

    rows: dict[str, Row] = field(default_factory=lambda: defaultdict(Row))
    # (ecosystem, device of the note) -> the devices that its readings are on.
    devices: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def judge(self, line: Line, found: list[Found], arrival: int) -> None:
        """Compare what was read from one message, by the alternative that fits best."""
        row = self.rows[line.ecosystem]
        row.messages += 1
        tries = [_match(wanted, found, arrival) for wanted in line.wanted]
        best = min(tries, key=lambda one: len(one.missing))
        row.expected += best.expected
        row.found += best.expected - len(best.missing)
        row.units += len(best.units)
        row.problems += [f"{line.topic}: missing {name} = {value}" for name, value in best.missing]
        row.problems += [f"{line.topic}: {told}" for told in best.units]
        for device, own in best.devices.items():
            self.devices[line.ecosystem, device] |= own
        if line.kind != "telemetry" and not any(line.wanted):
            false = [one for one in best.rest if one.kind != "text" and one.is_new]
            row.extra += len(false)
            row.problems += [f"{line.topic}: {one.metric} = {one.value} is false" for one in false]

    def split(self) -> list[str]:
        """Return devices that became several."""
        return [
            f"{ecosystem}: {device} is {', '.join(sorted(own))}"
            for (ecosystem, device), own in self.devices.items()
            if len(own) > 1
        ]

    def mixed(self) -> list[str]:
        """Return devices that became one."""
        names: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for name, own in self.devices.items():
            for device in own:
                names[device].add(name)
        return [
            f"{device} is {', '.join(f'{a}: {b}' for a, b in sorted(known))}"
            for device, known in names.items()
            if len(known) > 1
        ]

    @property
    def total(self) -> Row:
        """Return the sums."""
        made = Row()
        for row in self.rows.values():
            for name in ("messages", "expected", "found", "units", "extra"):
                setattr(made, name, getattr(made, name) + getattr(row, name))
        return made

    def lines(self) -> Iterable[str]:
        """Yield the table, an ecosystem a line."""
        yield f"{'ecosystem':24} messages expected found wrong extra  unit"
        for name, row in [*sorted(self.rows.items()), ("all", self.total)]:
            wrong = row.expected - row.found
            yield (
                f"{name:24} {row.messages:8} {row.expected:8} {row.found:5} {wrong:5} "
                f"{row.extra:5} {row.units:5}"
            )


@dataclass
class _Match:
    expected: int
    missing: list[tuple[str, Any]]
    units: list[str]
    devices: dict[str, set[str]]
    rest: list[Found]


def _match(wanted: list[dict[str, Any]], found: list[Found], arrival: int) -> _Match:
    left = list(found)
    made = _Match(len(wanted), [], [], defaultdict(set), left)
    for one in wanted:
        fitting = [each for each in left if _is_same(one, each, arrival)]
        if not fitting:
            made.missing.append((one["metric"], one["value"]))
            continue
        best = max(fitting, key=lambda each: _last(each.metric) == _last(one["metric"]))
        left.remove(best)
        if "device" in one:
            made.devices[one["device"]].add(best.device)
        unit = one.get("unit")
        if unit and units.normalised(unit) != best.unit:
            made.units.append(f"{one['metric']} has the unit {best.unit!r}, not {unit!r}")
    return made


def _last(metric: str) -> str:
    return re.split(r"[./]", metric)[-1].lower()


def _is_same(wanted: dict[str, Any], found: Found, arrival: int) -> bool:
    if not same_value(wanted["value"], found.value):
        return False
    ts = read_time(wanted["ts"]).ts if "ts" in wanted else 0
    # What has no time, or one outside the clock policy, is of the time of arrival.
    return abs(found.ts - ts) <= CUT if is_sane(ts, arrival) else found.is_new


def same_value(wanted: object, found: object) -> bool:
    """Return whether two values are the same reading: on is 1, and 21.5 is "21.5"."""
    a, b = _plain(wanted), _plain(found)
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b))
    return a == b


def _plain(value: object) -> float | str:
    if isinstance(value, bool | int | float):
        return float(value)
    text = str(value).strip()
    try:
        return _WORDS[text.lower()] if text.lower() in _WORDS else float(text)
    except ValueError:
        return text
