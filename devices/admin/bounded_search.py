"""Search in admin: each word is looked for in several columns of every row."""

from typing import TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from devices.registry.listing import searched

M = TypeVar("M", bound=Model)


class BoundedSearch(admin.ModelAdmin[M]):
    """Looks for the first words alone, as the pages do."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        """Search for no more than can be meant."""
        return super().get_search_results(request, queryset, " ".join(searched(search_term)))
