"""What pages ask the ingest app about Sources: it alone knows how packets are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from devices.models import Source

# The convention whose Sources people write templates for.
TEMPLATES = "templates"
FieldKind = Literal["boolean", "choice", "lines", "text", "yaml"]


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option of a convention, as a form shows it.

    Args:
        name: its name.
        kind: what it is: lines are a list of texts, yaml is anything else.
        help: what it is for.
        value: True or False of a boolean, else as a text.
        choices: of a choice.
    """

    name: str
    kind: FieldKind
    help: str
    value: bool | str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """A packet and what it would become.

    Args:
        topic: of the packet.
        payload: its beginning, as a text.
        lines: what would be stored, or why nothing.
        is_read: whether something would be.
        is_kept: it is kept in the inbox.
    """

    topic: str
    payload: str
    lines: tuple[str, ...]
    is_read: bool
    is_kept: bool = False


@dataclass(slots=True)
class TryOut:
    """A dry run: what came while it was listened, and what was kept.

    Args:
        packets: the newest of each topic that the Source reads.
        unread: topics that no Source reads.
        problem: why it could not be listened, or nothing.
    """

    packets: list[Tried] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    problem: str = ""


class SourcePort(Protocol):
    """Answered by the ingest app."""

    def label(self, convention: str) -> str:
        """Return what a convention is called."""

    def fields(self, source: Source) -> list[OptionField]:
        """Return the options of the convention of `source`, with its values."""

    def options(self, source: Source, given: Mapping[str, bool | str]) -> dict[str, Any]:
        """Return options as they are stored, of what a form has.

        Raises:
            ValidationError: says which option, and why.
        """

    def try_out(self, source: Source, seconds: float) -> TryOut:
        """Read what comes by the broker of `source`, and what is kept, without storing it."""

    def kept(self, source: Source) -> int:
        """Return how many kept packets there are that `source` may read."""

    def read_kept(self, source: Source) -> str:
        """Store kept packets that can be read now; return what became of them, in words."""

    def example(self, letter: int) -> tuple[str, dict[str, Any]]:
        """Return by which broker a kept packet came, and options with a template for it.

        Raises:
            LookupError: it is not kept any more.
        """

    def joined(self, one: OptionField, more: Any) -> OptionField:
        """Return an option with `more`, as options are stored, in front of its value."""

    def accept(
        self, proposals: Sequence[Mapping[str, Any]], broker: str, *, may_change: bool = True
    ) -> list[str]:
        """Make Sources of what was proposed at `broker`; return their names.

        Args:
            proposals: what is to be read.
            broker: where.
            may_change: whether Sources that are there may be added to, and switched on.

        Raises:
            ValidationError: one of them cannot be made, or may not be changed.
            Broker.DoesNotExist: the broker has just been deleted.
        """


# Set by the ingest app at the start.
_answering: list[SourcePort] = []


def answer_by(port: SourcePort) -> None:
    """Have `port` answer."""
    _answering[:] = [port]


def port() -> SourcePort:
    """Return what answers."""
    return _answering[0]
