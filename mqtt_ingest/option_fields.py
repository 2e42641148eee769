"""Options of conventions as forms have them: typed fields out, stored options back."""

import contextlib
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import pydantic
import yaml
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from devices import plain_yaml
from devices.models import Source
from devices.source_port import FieldKind, OptionField
from mqtt_ingest.core import conventions

MAX_YAML = 500_000


def fields(source: Source) -> list[OptionField]:
    """Return the options of the convention of `source`, with its values.

    What is written as YAML has its names in the order of the documentation: databases keep none.
    """
    kind = conventions.find(source.convention).Options
    stored = source.options if isinstance(source.options, dict) else {}
    # What is wrong is shown as it is, so that somebody can mend it.
    with contextlib.suppress(pydantic.ValidationError):
        stored = kind.model_validate(stored).model_dump(mode="json", exclude_defaults=True)
    made = []
    for name, info in kind.model_fields.items():
        form = _kind(info.annotation)
        value = stored.get(name, info.get_default(call_default_factory=True))
        choices = get_args(info.annotation) if form == "choice" else ()
        text = _as_text(form, value)
        made.append(OptionField(name, form, info.description or "", text, choices))
    return made


def _kind(annotation: Any) -> FieldKind:
    if annotation is bool:
        return "boolean"
    if annotation is str:
        return "text"
    if get_origin(annotation) is Literal:
        return "choice"
    return "lines" if annotation == tuple[str, ...] else "yaml"


def _as_text(form: FieldKind, value: Any) -> bool | str:
    match form:
        case "boolean":
            return bool(value)
        case "lines":
            given = [value] if isinstance(value, str) else value
            return "\n".join(map(str, given))
        case "yaml":
            plain = list(value) if isinstance(value, tuple) else value
            return dump(plain) if plain else ""
        case _:
            return str(value)


def dump(value: Any) -> str:
    """Return `value` as YAML, its names in their order."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def options(source: Source, given: Mapping[str, bool | str]) -> dict[str, Any]:
    """Return options as they are stored; what is as usual is left out.

    Raises:
        ValidationError: says which option, and why.
    """
    kind = conventions.find(source.convention).Options
    told = {
        name: _read(name, _kind(info.annotation), given[name])
        for name, info in kind.model_fields.items()
        if name in given
    }
    try:
        made = kind.model_validate(told)
    except pydantic.ValidationError as error:
        found: dict[str, list[str]] = {}
        for one in error.errors():
            found.setdefault(str((one["loc"] or ("options",))[0]), []).append(_words(one))
        raise ValidationError(found) from error
    except RecursionError as error:
        words = _("An expression in it is nested too deeply.")
        raise ValidationError(dict.fromkeys(told, words)) from error
    return made.model_dump(mode="json", exclude_defaults=True)


def _read(name: str, form: FieldKind, value: bool | str) -> Any:  # noqa: FBT001 - a box's value
    if form == "lines":
        return [line.strip() for line in str(value).splitlines() if line.strip()]
    if form == "yaml":
        return _read_yaml(name, str(value))
    return value


def _read_yaml(name: str, text: str) -> Any:
    if len(text) > MAX_YAML:
        raise ValidationError({name: _("Longer than %d characters.") % MAX_YAML})
    try:
        found = plain_yaml.load(text)
    except Exception as error:
        raise ValidationError({name: _("This is no YAML: %s") % _place(error)}) from error
    # A file that was exported whole has the option's name above.
    if isinstance(found, dict) and set(found) == {name}:
        found = found[name]
    return [] if found is None else found


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error)
    if mark is None:
        return str(what)
    place = {"line": mark.line + 1, "column": mark.column + 1, "what": what}
    return _("line %(line)d, column %(column)d: %(what)s.") % place


def _words(error: Any) -> str:
    """Return what is wrong, with the place within the option, counted from one."""
    inner = [str(part + 1) if isinstance(part, int) else str(part) for part in error["loc"][1:]]
    where = f"{' '.join(inner)}: " if inner else ""
    return f"{where}{error['msg'].removeprefix('Value error, ')}."


__all__ = ["dump", "fields", "options"]
