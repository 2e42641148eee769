"""Boards that make themselves, and the widgets that they are made of."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pydantic import ValidationError

from dashboards.boards import automatic, rendering
from dashboards.live.frames import parse_subscribe
from dashboards.live.snapshots import devices_named
from dashboards.presentation import site_tree
from dashboards.widgets import Offer, Options, Query, Widget, all_widgets, find, register, registry
from devices.access import Scope, scope_of
from devices.models import Device, Membership, Process, Series, Site
from devices.queries import SeriesInfo
from devices.registry.states import AsOf

pytestmark = pytest.mark.usefixtures("tables")
EVERYTHING = Scope(everything=True)


def device(key: str, site: Site | None = None, **metrics: str) -> Device:
    """Make a device with series: metric=kind, or metric=kind:unit."""
    now = timezone.now()
    made = Device.objects.create(
        key=key, site=site, last_seen=now, expected_by=now + timedelta(minutes=5)
    )
    for metric, kind in metrics.items():
        name, _, unit = kind.partition(":")
        Series.objects.create(device=made, metric=metric.replace("__", "."), kind=name, unit=unit)
    return made


def board_of(devices: Any = None) -> automatic.Board:
    return automatic.automatic(
        Device.objects.all() if devices is None else devices, AsOf(timezone.now())
    )


def shown(board: automatic.Board) -> list[tuple[str, str]]:
    return [(widget.name, widget.options.title) for widget in board.widgets]


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def boss() -> Client:
    return client_of(get_user_model().objects.create_superuser("boss"))


def test_a_board_is_made_of_what_devices_measure() -> None:
    device("a", temperature="number:°C", humidity="number:%", window="boolean", battery="number:%")
    device("b", temperature="number:°C", wind="number:m/s", window="boolean", mode="text")
    board = board_of()
    assert shown(board) == [
        ("table", "Devices"),
        ("timeline", "window"),
        ("timeline", ""),
        ("lines", "temperature (°C)"),
        ("gauge", ""),
        ("value", ""),
        ("table", "How the devices are"),
    ]
    by_name = {widget.name: widget for widget in board.widgets}
    assert by_name["lines"].options.keys == ("a/temperature", "b/temperature")
    assert by_name["gauge"].options.key == "a/humidity"
    assert by_name["table"].options.keys == ("a/battery",)
    assert (board.shown, board.total, board.left_out) == (2, 2, [])


def test_many_devices_of_one_metric_are_split_into_charts_of_a_size() -> None:
    for n in range(12):
        device(f"d{n:02}", temperature="number:°C")
    charts = [widget for widget in board_of().widgets if widget.name == "lines"]
    assert [len(chart.options.keys) for chart in charts] == [6, 6]
    assert [chart.options.title for chart in charts] == [
        "temperature (°C), 1 of 2",
        "temperature (°C), 2 of 2",
    ]


def test_a_board_says_what_it_has_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "SERIES", 3)
    monkeypatch.setattr(automatic, "DEVICES", 2)
    for n in range(3):
        device(f"d{n}", common="number", **{f"own{n}": "number"})
    Device.objects.filter(key="d2").update(status="offline", status_since=timezone.now())
    board = board_of()
    assert (board.shown, board.total) == (2, 3)
    assert board.left_out == ["own2"]
    monkeypatch.setattr(automatic, "WIDGETS", 3)
    assert board_of().left_out == ["own0", "own2"]
    assert board.widgets[0].options.devices == ("d2", "d0")


def test_a_list_of_sites_reads_the_tree_once() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            site_tree.listed(EVERYTHING, {})
        return len(seen)

    Site.objects.create(slug="one", name="One")
    first = queries()
    for n in range(5):
        Site.objects.create(slug=f"s{n}", name=f"S{n}", parent=Site.objects.get(slug="one"))
    assert queries() == first


def test_a_metric_with_the_longest_name_does_not_fail_the_page(boss: Client) -> None:
    for key in ("a", "b"):
        device(key, **{"m" * 200: "number:°C"})
    assert boss.get("/boards/without-site/").status_code == 200


def test_a_site_is_the_same_everywhere_with_what_is_below_it(
    boss: Client, ingest_up: Process
) -> None:
    north = Site.objects.create(slug="north", name="North")
    hall = Site.objects.create(slug="hall", name="Hall", parent=north)
    device("deep", hall, t="number")
    for path in ("/?site=north", "/boards/site/north/", "/wall/north/?fragment=1"):
        assert "deep" in boss.get(path).content.decode() or "wall" in path
    text = " ".join(boss.get("/boards/").content.decode().split())
    assert text.count('<b data-site-count="online">1</b>') == 2
    assert 'data-sites="north hall"' in text
    wanted = parse_subscribe({"id": 1, "kind": "latest", "match": {"site": "north"}}, 10)
    assert list(devices_named(wanted, EVERYTHING).values()) == ["deep"]
    wanted = parse_subscribe({"id": 1, "kind": "latest", "match": {"site": ""}}, 10)
    assert devices_named(wanted, EVERYTHING) == {}


def test_every_option_that_is_wrong_is_named() -> None:
    with pytest.raises(ValidationError, match="right names c/d, which is not among keys"):
        find("lines").of({"keys": ["a/b"], "right": ["c/d"]})
    with pytest.raises(ValidationError, match="minimum must be below maximum"):
        find("gauge").of({"key": "a/b", "minimum": 5, "maximum": 5})
    with pytest.raises(ValidationError, match="colour"):
        find("value").of({"key": "a/b", "colour": "red"})
    with pytest.raises(ValidationError, match="key"):
        find("value").of({"key": "no metric"})
    with pytest.raises(LookupError, match="no widget 'pie'; there are alarms, bars"):
        find("pie")


def test_another_widget_takes_series_before_the_built_in_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class DialOptions(Options):
        key: str

    class Dial(Widget[DialOptions]):
        name: ClassVar[str] = "dial"
        module: ClassVar[str] = "x/dial.js"
        schema: ClassVar[type[Options]] = DialOptions

        def query(self) -> Query:
            return Query([self.options.key], kind="latest")

        @classmethod
        def offers(cls, series: Sequence[SeriesInfo]) -> Sequence[Offer[DialOptions]]:
            return [
                Offer(DialOptions(key=info.key), [info.key]) for info in series if info.unit == "°"
            ]

    monkeypatch.setattr(registry, "_known", dict(registry._known))
    register(Dial)
    with pytest.raises(ValueError, match="two widgets called 'dial'"):
        register(type("Other", (Dial,), {"__module__": "other"}))
    assert all_widgets()[0] is Dial
    device("mast", direction="number:°", speed="number:m/s")
    assert [name for name, _title in shown(board_of())] == ["table", "dial", "value"]


def test_placed_widgets_have_names_values_and_what_is_not_for_this_person_to_see() -> None:
    north = Site.objects.create(slug="north", name="North")
    device("a", north, t="number:°C")
    device("b", None, t="number:°C")
    vera = get_user_model().objects.create_user("vera")
    Membership.objects.create(user=vera, site=north, role="viewer")
    chart = find("lines").of({"keys": ["a/t", "b/t", "c/t"]})
    mine, all_of_it = (
        rendering.place([chart], scope, AsOf(timezone.now()))[0]
        for scope in (scope_of(vera), EVERYTHING)
    )
    assert mine.denied == ["b/t", "c/t"]
    assert json.loads(mine.setup)["names"] == {"a/t": "t"}
    assert mine.heading == "a t"
    assert all_of_it.denied == ["c/t"]
    assert json.loads(all_of_it.setup)["names"] == {"a/t": "a", "b/t": "b"}
    assert [cell.text for cell in all_of_it.cells] == ["no data yet", "no data yet"]


def test_pages_of_boards_show_values_and_hide_other_sites(boss: Client) -> None:
    north = Site.objects.create(slug="north", name="North")
    hall = Site.objects.create(slug="hall", name="Hall", parent=north)
    device("a", north, t="number:°C", u="number:°C")
    Device.objects.filter(key="a").update(device_type="probe", name="<img src=x>")
    device("b", Site.objects.create(slug="south", name="South"), t="number")
    device("lone", None, t="number")
    text = boss.get("/boards/").content.decode()
    assert "/boards/site/north/" in text
    assert "/boards/type/?type=probe" in text
    assert "/boards/without-site/" in text
    page = boss.get("/boards/site/north/").content.decode()
    assert 'data-widget="table"' in page
    assert "/boards/site/hall/" in page
    assert "&lt;img src=x&gt;" in page
    assert "<img src=x>" not in page
    assert "lone" not in page
    assert "lone" in boss.get("/boards/without-site/").content.decode()
    assert boss.get("/boards/type/?type=none").status_code == 404
    vera = get_user_model().objects.create_user("vera")
    Membership.objects.create(user=vera, site=hall, role="viewer")
    seen = client_of(vera)
    assert seen.get("/boards/site/north/").status_code == 404
    assert seen.get("/boards/type/?type=probe").status_code == 404
    assert "No device here yet" in seen.get("/boards/site/hall/").content.decode()
    assert "North" not in seen.get("/boards/").content.decode()
    assert "North" not in seen.get("/boards/site/hall/").content.decode()
    assert seen.get("/boards/without-site/").content.decode().count("lone") == 0
    assert Client().get("/boards/").status_code == 302
