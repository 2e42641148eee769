"""The tests' environment is what a new clone's would be: the lock, and nothing else."""

import re
from importlib.metadata import distributions

from tests.support.services import ROOT

# What `python -m venv` puts there, and this project where it was installed as a wheel.
NOT_LOCKED = {"pip", "setuptools", "wheel", "iotbridge"}


def test_no_package_is_left_over() -> None:
    """A package that is no longer locked would hide what a new clone lacks."""
    lock = (ROOT / "requirements-dev.txt").read_text()
    locked = {_name(line) for line in re.findall(r"(?m)^[A-Za-z0-9._-]+(?===)", lock)}
    installed = {_name(found.metadata["Name"]) for found in distributions()}
    extra = installed - locked - NOT_LOCKED
    assert not extra, (
        f"not in requirements-dev.txt: {sorted(extra)}; do `rm -rf .venv .stamps && make install`"
    )


def _name(text: str) -> str:
    """Return a package's name as PEP 503 normalizes it."""
    return re.sub(r"[-_.]+", "-", text).lower()
