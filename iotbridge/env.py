"""Reading settings from the environment, failing loudly.

Every problem is an `ImproperlyConfigured` that names the variable and shows a
right value. Each variable may be given as `NAME_FILE`, the path of a file that
holds the value (Docker and systemd secrets).
"""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from devices.addresses import is_address, origin_of
from devices.broker_addresses import BadAddress, misread, parse
from iotbridge.static_version import package_of


def text(name: str, default: str = "") -> str:
    """Return variable `name`, or the content of the file `NAME_FILE` names, as it stands.

    Not by django-environ, which takes what begins with `$` for another variable's name.
    """
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, default).strip()
    try:
        found = Path(path).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{name}_FILE is {path!r}, which is not a readable file ({_reason(error)}). "
            f"Point it at a file that holds the value, or set {name} itself."
        ) from error

    if not found:
        raise ImproperlyConfigured(
            f"{name}_FILE is {path!r}, which is empty. Write the value into it, or unset it."
        )
    return found


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "no UTF-8"


def address(name: str, default: str) -> str:
    """Return variable `name`, an address to listen on; an IPv6 one without its brackets."""
    raw = text(name, default)
    host = raw[1:-1] if raw.startswith("[") and raw.endswith("]") else raw
    if not is_address(host):
        raise ImproperlyConfigured(
            f"{name} is {raw!r}. It must be an address of this machine, without a port, "
            f"for example {name}={default}, {name}=0.0.0.0 or {name}=::1"
        )
    return host


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


def apps(name: str) -> list[str]:
    """Return variable `name`, Django apps that can be imported."""
    found = names(name)
    for app in found:
        if package_of(app) is None:
            raise ImproperlyConfigured(
                f"{name} names {app!r}, which is no Python package here. Install it, or correct "
                f"the name, for example {name}=plant_extras"
            )
    return found


def origins(name: str) -> list[str]:
    """Return variable `name`, origins split at commas."""
    try:
        return [origin_of(one) for one in names(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def origin(name: str) -> str:
    """Return variable `name`, an origin such as https://plant.example, or empty."""
    raw = text(name)
    try:
        return origin_of(raw) if raw else ""
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def networks(name: str) -> list[str]:
    """Return variable `name`, networks such as 10.0.0.0/8 split at commas."""
    try:
        return [str(ip_network(one, strict=False)) for one in names(name)]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name}: {error}. An example: {name}=10.0.0.0/8,192.168.1.20"
        ) from error


def mail(name: str) -> dict[str, Any]:
    """Return Django's settings for the mail server that variable `name` names.

    Raises:
        ImproperlyConfigured: it is no address of one.
    """
    raw = text(name)
    if not raw:
        return {}
    scheme = raw.partition("://")[0]
    if scheme not in {"smtp", "smtp+tls", "smtp+ssl"} or "://" not in raw:
        raise ImproperlyConfigured(
            f"{name} must name a mail server, for example "
            f"{name}=smtp+tls://user:password@mail.example:587"
        )
    return environ.Env.email_url_config(raw)  # type: ignore[no-any-return] # it has no types


def tiles(name: str) -> str:
    """Return variable `name`, the address of a map's tiles with {z}, {x} and {y}, or empty."""
    raw = text(name)
    parts = raw.partition("://")[2].partition("/")
    try:
        if raw:
            origin_of(raw.removesuffix(parts[1] + parts[2]))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
    if raw and not all(part in parts[2] for part in ("{z}", "{x}", "{y}")):
        raise ImproperlyConfigured(
            f"{name} is {raw!r}, which does not say where {{z}}, {{x}} and {{y}} stand, as in "
            f"{name}=https://tiles.example/{{z}}/{{x}}/{{y}}.png"
        )
    return raw


def url(name: str, default: str, schemes: tuple[str, ...], example: str) -> str:
    """Return variable `name`, a URL with one of `schemes` and a host, or empty."""
    raw = text(name, default)
    if raw:
        _check_url(name, raw, schemes, example)
    return raw


def broker(name: str, default: str) -> str:
    """Return variable `name`, the addresses of a broker."""
    raw = text(name, default)
    try:
        parse(raw)
    except BadAddress as error:
        raise ImproperlyConfigured(
            f"{name} is not an address that can be used. {error} Write it as in {name}={default}"
        ) from error
    return raw


def check_encoding(name: str, raw: str) -> None:
    """Refuse a URL whose password would be taken for something else.

    Raises:
        ImproperlyConfigured: names the characters, and what they are to be written as.
    """
    told = misread(raw)
    if told:
        raise ImproperlyConfigured(
            f"The user or password in {name} holds characters that mean something else in a URL. "
            f"Write {told}."
        )


def database(name: str, raw: str) -> dict[str, Any]:
    """Return Django's settings of the database that the URL `raw` of variable `name` names."""
    if not raw.startswith("sqlite:"):
        check_encoding(name, raw)
    try:
        # Several hosts, each with its port, are libpq's to read.
        several = "," in urlsplit(raw).netloc.rpartition("@")[2]
        port = None if several else urlsplit(raw).port
        config: dict[str, Any] = dict(environ.Env.db_url_config(raw))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is not a URL that can be used: {error}. Write it as in "
            f"{name}=postgres://user:password@127.0.0.1:5432/iotbridge"
        ) from error
    return config if several else {**config, "PORT": port or ""}


def _check_url(name: str, raw: str, schemes: tuple[str, ...], example: str) -> None:
    check_encoding(name, raw)
    why = ""
    try:
        parts: SplitResult = urlsplit(raw)
        good = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError as error:
        good, why = False, f": {error}"
    host = raw.partition("://")[2].rpartition("@")[2].partition("/")[0]
    if host.count(":") > 1 and "[" not in host:
        good, why = False, ": an address of IPv6 stands in brackets, as in [::1]"
    if not good:
        raise ImproperlyConfigured(
            f"{name} is not a URL that can be used{why}. It must start with "
            f"{' or '.join(s + '://' for s in schemes)} and name a host, "
            f"for example {name}={example}"
        )
