"""The address of static files: it holds a hash of all of them, so that browsers keep them for ever.

One hash for all instead of one a file: ES modules and style sheets name each other by
relative paths, which stay right below one folder, without a step that builds anything.
"""

import hashlib
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

DIGITS = 12


def digest(apps: Iterable[str]) -> str:
    """Return a hash of names and contents of the static files of `apps`."""
    found = hashlib.sha256()
    for folder in folders(apps):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
                found.update(path.read_bytes())
    return found.hexdigest()[:DIGITS]


def folders(apps: Iterable[str]) -> Iterator[Path]:
    """Yield the static folder of each app (a package, or its AppConfig) that has one."""
    for app in apps:
        spec = package_of(app)
        for place in (spec.submodule_search_locations or []) if spec else []:
            folder = Path(place) / "static"
            if folder.is_dir():
                yield folder


def package_of(app: str) -> ModuleSpec | None:
    """Return the package that `app`, a package or the path of an AppConfig, is in."""
    name = app
    while name:
        try:
            spec = find_spec(name)
        except (ModuleNotFoundError, ValueError):
            spec = None
        if spec is not None and spec.submodule_search_locations is not None:
            return spec
        name = name.rpartition(".")[0]
    return None
