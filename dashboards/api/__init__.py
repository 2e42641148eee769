"""The HTTP API below /api/v1/; its description is at /api/v1/openapi.json."""

from typing import Any

from ninja import NinjaAPI

from dashboards.api import (
    aggregates,
    alarm_rules,
    alarms,
    board_links,
    boards,
    brokers,
    corrections,
    devices,
    imports,
    jobs,
    live,
    notes,
    readings,
    search,
    series,
    sources,
    status,
)
from dashboards.api.auth import AUTHENTICATION
from dashboards.api.problems import install
from dashboards.api.strict_json import StrictJson


class Api(NinjaAPI):
    """Ninja's, whose description, which anybody may read, is made once."""

    _described: Any = None

    def get_openapi_schema(self, **options: Any) -> Any:
        """Return the description."""
        if self._described is None:
            self._described = super().get_openapi_schema(**options)
        return self._described


api = Api(
    title="iotbridge",
    version="1",
    description="Devices, readings and health of this installation.",
    auth=AUTHENTICATION,
    parser=StrictJson(),
    urls_namespace="api",
)
api.add_router("/devices", devices.router)
api.add_router("/alarms", alarms.router)
api.add_router("/alarm-rules", alarm_rules.router)
api.add_router("/notes", notes.router)
api.add_router("/readings", readings.router)
api.add_router("/aggregates", aggregates.router)
api.add_router("/boards", boards.router)
api.add_router("/boards", board_links.router)
api.add_router("/corrections", corrections.router)
api.add_router("/exports", jobs.exports)
api.add_router("/imports", imports.router)
api.add_router("/jobs", jobs.router)
api.add_router("/live", live.router)
api.add_router("/search", search.router)
api.add_router("/series", series.router)
api.add_router("/sources", sources.router)
api.add_router("/templates", sources.templates_router)
api.add_router("/brokers", brokers.router)
api.add_router("", status.router)
install(api)
