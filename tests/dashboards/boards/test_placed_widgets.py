"""Widgets that people place: what they read, by whose rights, and what they refuse."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from pydantic import ValidationError

from dashboards.boards import made
from dashboards.boards.specification import checked
from dashboards.widgets import all_widgets, find
from devices.access import Scope
from devices.models import Device, Site, Tag
from tests.dashboards.boards.test_automatic import device

pytestmark = pytest.mark.usefixtures("tables")
EVERYTHING = Scope(everything=True)
# What must be said of each to be placed.
OPTIONS: dict[str, dict[str, Any]] = {
    "lines": {"keys": ["press/t"]},
    "timeline": {"keys": ["press/t"]},
    "table": {"keys": ["press/t"], "devices": ["press"]},
    "value": {"key": "press/t", "trend": True},
    "gauge": {"key": "press/t"},
    "text": {"text": "Hello"},
    "bars": {"key": "press/t", "bucket": "week"},
    "heat_map": {"key": "press/t"},
    "histogram": {"key": "press/t"},
    "scatter": {"key": "press/t", "against": "press/t"},
    "devices": {"site": "hall"},
    "states": {},
    "links": {"links": [{"label": "Manual", "url": "https://example.org/"}]},
}


def shown(kind: str, scope: Scope = EVERYTHING, **options: Any) -> str:
    widget = {"id": "w", "kind": kind, "x": 0, "y": 0, "w": 12, "h": 4, "options": options}
    variables = [{"name": "where", "kind": "site"}]
    stored = checked({"version": 1, "widgets": [widget], "variables": variables})
    page = made.page(stored, {"var-where": "hall"}, scope, timezone.now())
    html = render_to_string("dashboards/partials/widget.html", {"one": page.placed[0]})
    return " ".join(html.split())


@pytest.fixture
def hall() -> Site:
    site = Site.objects.create(slug="hall", name="Hall")
    device("press", site, t="number:°C")
    return site


def test_every_widget_can_be_placed(hall: Site) -> None:
    assert {one.name for one in all_widgets()} == set(OPTIONS)
    for kind, options in OPTIONS.items():
        html = shown(kind, **options)
        assert f'data-widget="{kind}"' in html, kind
        assert "cannot be shown" not in html, kind


def test_devices_are_narrowed_and_seen_by_ones_rights(hall: Site) -> None:
    other = Site.objects.create(slug="other", name="Other")
    below = Site.objects.create(slug="below", name="Below", parent=hall)
    for key, site in (("pump", below), ("fan", other)):
        device(key, site).tags.add(Tag.objects.get_or_create(name="new")[0])
    Device.objects.filter(key="fan").update(device_type="fan")
    assert [key for key in ("press", "pump", "fan") if f">{key}<" in shown("devices")] == [
        *("press", "pump", "fan")
    ]
    for options, expected in (
        ({"site": "hall"}, {"press", "pump"}),
        ({"site": "$where"}, {"press", "pump"}),
        ({"type": "fan"}, {"fan"}),
        ({"tag": "new"}, {"pump", "fan"}),
        ({"tag": "new", "site": "hall"}, {"pump"}),
        ({"state": "offline"}, set()),
    ):
        html = shown("devices", **options)
        assert {key for key in ("press", "pump", "fan") if f">{key}<" in html} == expected, options
    mine = Scope(sites=frozenset({other.pk}))
    assert ">press<" not in shown("devices", mine, site="hall")
    assert 'data-key="press/t"' in shown("devices", site="hall")


def test_states_of_sites_are_seen_by_ones_rights(hall: Site) -> None:
    other = Site.objects.create(slug="other", name="Other")
    device("fan", other)
    assert shown("states").count("data-sites") == 2
    assert 'data-sites="hall"' in shown("states", site="$where")
    assert "no such site" in shown("states", Scope(sites=frozenset({other.pk})), site="hall")
    assert "no such site" in shown("states", site="mars")


@pytest.mark.parametrize("url", ["/boards/oil/", "https://example.org/a?b=c", "http://10.0.0.1/"])
def test_a_link_leads_to_a_page(hall: Site, url: str) -> None:
    html = shown("links", links=[{"label": "<b>", "url": url}])
    assert f'<a href="{url}" rel="noopener noreferrer">&lt;b&gt;</a>' in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil", "/\\evil", "x", "", " https://x"]
)
def test_a_link_leads_nowhere_else(url: str) -> None:
    with pytest.raises(ValidationError, match="begin it with"):
        find("links").of({"links": [{"label": "x", "url": url}]})
