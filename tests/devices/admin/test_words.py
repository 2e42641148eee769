"""What admin shows is in the person's language: names of models, fields, columns and groups."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.utils.functional import Promise

OURS = ("devices", "mqtt_ingest", "dashboards")


def models() -> Iterator[type[Any]]:
    """Yield what has a page in admin, and what has a table there."""
    for model, made in admin.site._registry.items():
        if model._meta.app_label in OURS:
            yield model
            yield from (inline.model for inline in made.inlines)


def test_models_and_their_fields_have_names_to_translate() -> None:
    plain = [
        f"{model.__name__}.{field.name}"
        for model in models()
        for field in model._meta.get_fields()
        if not field.auto_created and getattr(field, "editable", False)
        if not isinstance(field.verbose_name, Promise)
    ]
    plain += [m.__name__ for m in models() if not isinstance(m._meta.verbose_name_plural, Promise)]
    # An inner key of packets that are alike; nobody sees it.
    assert set(plain) <= {"DeadLetter.fold", "Membership"}


def test_columns_and_groups_have_names_to_translate() -> None:
    for model, made in admin.site._registry.items():
        if model._meta.app_label not in OURS:
            continue
        names = [str(name) for name in made.list_display if name != "__str__"]
        shown = [getattr(made, name, None) for name in names]
        for one in filter(None, shown):
            assert isinstance(getattr(one, "short_description", None), Promise), one
        for group, _fields in made.fieldsets or ():
            assert group is None or isinstance(group, Promise)


def test_apps_have_names_to_translate() -> None:
    for label in ("devices", "mqtt_ingest"):
        assert isinstance(apps.get_app_config(label).verbose_name, Promise)
