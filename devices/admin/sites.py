"""Sites, tags and sources in admin."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from devices.models import Membership, Site, Source, Tag


class MembershipInline(admin.TabularInline[Membership, Site]):
    """Who has which role here."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin[Site]):
    """Sites with their size and their people."""

    list_display = ["name", "slug", "parent", "device_count"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["parent"]
    inlines = [MembershipInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        """Count devices in the same query."""
        return super().get_queryset(request).annotate(n=Count("devices"))

    @admin.display(description="devices", ordering="n")
    def device_count(self, site: Site) -> int:
        """Return how many devices the site has itself."""
        return int(getattr(site, "n", 0))


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin[Tag]):
    """Tags."""

    search_fields = ["name"]


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin[Source]):
    """Where packets come from; filters are taken up at the worker's next connect."""

    list_display = ["name", "convention", "registration", "clock", "shared", "enabled"]
    list_filter = ["convention", "enabled"]
