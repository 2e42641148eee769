"""Sites, tags and sources in admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _

from devices.admin.bounded_search import BoundedSearch
from devices.models import Membership, Site, Source, Tag
from devices.source_checks import known_conventions


class MembershipInline(admin.TabularInline[Membership, Site]):
    """Who has which role here."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Site)
class SiteAdmin(BoundedSearch[Site]):
    """Sites with their size and their people."""

    list_display = ["name", "slug", "parent", "device_count"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["parent"]
    inlines = [MembershipInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        """Count devices in the same query."""
        return super().get_queryset(request).annotate(n=Count("devices"))

    @admin.display(description=gettext_lazy("devices"), ordering="n")
    def device_count(self, site: Site) -> int:
        """Return how many devices the site has itself."""
        return int(getattr(site, "n", 0))


@admin.register(Tag)
class TagAdmin(BoundedSearch[Tag]):
    """Tags."""

    search_fields = ["name"]


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        """Return the list as lines; what was typed stays as it was."""
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the lines that are not empty."""
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lists with lists."""
        return bool((initial or []) != self.to_python(data))


class SourceForm(forms.ModelForm[Source]):
    """A Source: conventions are those there are, filters are lines."""

    convention = forms.ChoiceField(label=_("Convention"))
    filters = LinesField(
        label=_("Filters"),
        required=False,
        help_text=_("Topic filters, one per line; empty: those of the convention."),
    )

    class Meta:
        model = Source
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = known_conventions()
        kept = self.instance.convention
        choices = [(name, name) for name in names]
        if kept not in names:
            choices.append((kept, f"{kept} (unknown)"))
        self.fields["convention"].choices = choices  # type: ignore[attr-defined]


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin[Source]):
    """Where packets come from; workers take up what is changed within seconds."""

    form = SourceForm
    list_display = ["name", "broker", "convention", "registration", "clock", "shared", "enabled"]
    list_filter = ["broker", "convention", "enabled"]
