"""A clone in an empty folder, and the environment of somebody who has just logged in."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import services
from tests.support.services import ROOT


@pytest.fixture
def clone() -> Iterator[Path]:
    """What is committed, cloned: no `.venv`, no `var`, nothing that was built."""
    with services.folder("newcomer") as path:
        target = path / "iotbridge"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)
        yield target


@pytest.fixture
def bare() -> dict[str, str]:
    """Nothing but where programs are and where the person's files are."""
    return {name: os.environ[name] for name in ("PATH", "HOME")}
