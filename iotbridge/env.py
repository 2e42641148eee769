"""Reading settings from the environment, failing loudly.

Every problem is an `ImproperlyConfigured` that names the variable and shows a
right value. Each variable may be given as `NAME_FILE`, the path of a file that
holds the value (Docker and systemd secrets).
"""

import os
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv

env = FileAwareEnv()


def text(name: str, default: str = "") -> str:
    """Return variable `name`, or the content of the file `NAME_FILE` names."""
    path = os.environ.get(f"{name}_FILE")
    if path and not Path(path).is_file():
        raise ImproperlyConfigured(
            f"{name}_FILE is {path!r}, which is not a readable file. "
            f"Point it at a file that holds the value, or set {name} itself."
        )
    return str(env.str(name, default=default)).strip()


def integer(name: str, default: int, low: int, high: int) -> int:
    """Return variable `name` as a whole number from `low` to `high`."""
    raw = text(name, str(default))
    try:
        value = int(raw)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise ImproperlyConfigured(
            f"{name} is {raw!r}. It must be a whole number from {low} to {high}, "
            f"for example {name}={default}"
        )
    return value


def boolean(name: str, *, default: bool = False) -> bool:
    """Return variable `name` as a switch: 1/0, true/false, yes/no, on/off."""
    raw = text(name, "1" if default else "0").lower()
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"", "0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {raw!r}. It must be on or off: {name}=1 or {name}=0")


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return variable `name`, which must be one of `allowed`."""
    raw = text(name, default)
    if raw not in allowed:
        raise ImproperlyConfigured(
            f"{name} is {raw!r}. It must be one of {', '.join(allowed)}, "
            f"for example {name}={default}"
        )
    return raw


def names(name: str, default: str = "") -> list[str]:
    """Return variable `name` as a list, split at commas."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def url(name: str, default: str, schemes: tuple[str, ...], example: str) -> str:
    """Return variable `name`, a URL with one of `schemes` and a host, or empty."""
    raw = text(name, default)
    if raw:
        _check_url(name, raw, schemes, example)
    return raw


def _check_url(name: str, raw: str, schemes: tuple[str, ...], example: str) -> None:
    try:
        parts: SplitResult = urlsplit(raw)
        good = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise ImproperlyConfigured(
            f"{name} is not a URL that can be used. It must start with "
            f"{' or '.join(s + '://' for s in schemes)} and name a host, "
            f"for example {name}={example}"
        )
