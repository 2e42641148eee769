"""An earlier release as its users run it: its files, and the packages that its own lock names."""

import subprocess
import venv
from pathlib import Path

from tests.support.services import ROOT

# Packages are installed once a release, as the environment of development is: see the Makefile.
KEPT = ROOT / ".stamps"
# pip from an empty cache, on a slow line.
INSTALL_SECONDS = 600


class NoHistoryError(LookupError):
    """This checkout's history does not reach down to that release."""


def check_out(release: str, folder: Path) -> Path:
    """Write the files of `release` (a commit) into `folder`; return the Python that runs them.

    Raises NoHistoryError in a checkout without that commit, and CalledProcessError when pip fails.
    """
    archive = subprocess.run(
        ["git", "archive", release], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        raise NoHistoryError(f"needs the git history down to {release}, which this checkout lacks")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return _python_with(folder / "requirements-production.txt", KEPT / f"release-{release}")


def _python_with(lock: Path, home: Path) -> Path:
    """Return the Python of an environment at `home` with what `lock` names, made if it is new."""
    python, done = home / "bin" / "python", home / "installed"
    if not done.exists():
        venv.create(home, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        command = [*install, "--require-hashes", "-r", str(lock)]
        subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
        done.touch()
    return python
