"""Widgets that people place: what they read, by whose rights, and what they refuse."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from pydantic import ValidationError

from dashboards.boards import made
from dashboards.boards.specification import checked
from dashboards.models import Note
from dashboards.widgets import all_widgets, find
from devices.access import Scope
from devices.alarms.models import Alarm
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
    "picture": {"picture": 1, "alt": "The hall"},
    "plan": {"picture": 1, "pins": [{"x": 0.25, "y": 0.5, "key": "press/t", "state": True}]},
    "map": {"devices": ["press"]},
    "page": {"url": "https://grafana.example/d/1"},
    "logbook": {"device": "press"},
    "alarms": {"site": "hall"},
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


def test_a_plan_has_values_states_and_links_on_it(hall: Site) -> None:
    pins = [
        {"x": 0.25, "y": 0.5, "key": "press/t", "state": True, "label": "Oil"},
        {"x": 1, "y": 0, "label": "Manual", "url": "https://example.org/"},
    ]
    html = shown("plan", picture=1, pins=pins)
    assert 'data-x="0.2500" data-y="0.5000"' in html
    assert 'data-key="press/t"' in html
    assert 'class="badge"' in html
    assert '<a href="https://example.org/"' in html
    assert "There is no such picture" in html


@pytest.mark.parametrize(
    ("kind", "options", "field"),
    [
        ("plan", {"picture": 1, "pins": [{"x": 1.5, "label": "x"}]}, "pins.0.x"),
        ("plan", {"picture": 1, "pins": [{}]}, "pins.0"),
        ("plan", {"picture": 1, "pins": [{"label": "x", "url": "javascript:x"}]}, "pins.0.url"),
        ("picture", {}, "picture"),
        ("map", {"devices": []}, "devices"),
        ("map", {"devices": ["a/b"]}, "devices.0"),
        ("page", {"url": "javascript:alert(1)"}, "url"),
        ("logbook", {}, ""),
        ("alarms", {"site": "a", "device": "b"}, ""),
        ("logbook", {"site": "a", "device": "b"}, ""),
    ],
)
def test_what_is_wrong_with_an_option_is_named(
    kind: str, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        find(kind).of(options)
    assert ".".join(map(str, caught.value.errors()[0]["loc"])) == field


@pytest.mark.parametrize(
    ("url", "is_shown"),
    [
        ("https://grafana.example/d/1?x=1", True),
        ("https://grafana.example", True),
        ("https://grafana.example.evil.example/", False),
        ("https://grafana.example:8443/", False),
        ("http://grafana.example/", False),
        ("https://user@grafana.example/", False),
        ("https://evil.example/#https://grafana.example", False),
    ],
)
def test_pages_of_named_sites_alone_are_in_a_frame(
    hall: Site, settings: Any, url: str, *, is_shown: bool
) -> None:
    settings.EMBED_ORIGINS = ["https://grafana.example"]
    html = shown("page", url=url)
    assert ("<iframe" in html) is is_shown
    assert ("EMBED_ORIGINS" in html) is not is_shown
    assert find("page").all_sources() == {"frame-src": ["https://grafana.example"]}


def test_tiles_come_from_where_the_operator_says(hall: Site, settings: Any) -> None:
    assert find("map").all_sources() == {}
    settings.MAP_TILES = "https://tiles.example/{z}/{x}/{y}.png"
    assert find("map").all_sources() == {"img-src": ["https://tiles.example"]}
    assert "tiles.example" in shown("map", devices=["press"])


def test_alarms_on_a_board_are_seen_by_ones_own_rights(hall: Site) -> None:
    press = Device.objects.get()
    Alarm.objects.create(
        **{"seq": 1, "rule_name": "<b>hot</b>", "severity": "critical", "device": press},
        **{"metric": "t", "value": "9", "since": 1, "noticed_at": timezone.now()},
    )
    for options in ({}, {"site": "hall"}, {"device": "press"}):
        assert "&lt;b&gt;hot&lt;/b&gt;" in shown("alarms", **options)
    assert "No alarm is on." in shown("alarms", Scope())
    for options in ({"site": "hall"}, {"device": "press"}):
        assert "There is no such place" in shown("alarms", Scope(), **options)
    by_link = Scope(everything=True, keys=frozenset({"press/t"}))
    assert "hot" not in shown("alarms", by_link)


def test_the_logbook_on_a_board_is_seen_by_ones_own_rights(hall: Site) -> None:
    Note.objects.create(seq=1, device=Device.objects.get(), author_name="Anna", text="<b>Oil</b>")
    Note.objects.create(seq=2, site=hall, author_name="Anna", text="Shift ends", deleted_by="x")
    html = shown("logbook", device="press")
    assert "&lt;b&gt;Oil&lt;/b&gt;" in html
    assert "Anna" in html
    assert "No note." in shown("logbook", site="hall")
    assert "There is no such place" in shown("logbook", Scope(), device="press")
    assert "There is no such place" in shown("logbook", Scope(), site="hall")
