"""One line per fault, printed whether tests pass or fail."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

Report = Callable[[str, dict[str, Any], set[str]], None]


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Iterator[Report]:
    def tell(name: str, line: dict[str, Any], seen: set[str]) -> None:
        words = " ".join(f"{key}={value}" for key, value in line.items())
        said = ",".join(sorted(seen)) or "-"
        with capsys.disabled():
            print(f"\nfault={name} {words} status={said}", flush=True)

    return tell
