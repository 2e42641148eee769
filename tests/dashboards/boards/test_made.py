"""Boards that people made, as they are looked at: variables, gone devices, other versions."""

from typing import Any

import pytest
from django.utils import timezone

from dashboards.boards import made
from dashboards.boards.automatic import automatic
from dashboards.boards.specification import checked
from devices.access import Scope
from devices.models import Device, Series, Site, Tag
from devices.registry.states import AsOf
from tests.dashboards.boards.test_automatic import device

pytestmark = pytest.mark.usefixtures("tables")
EVERYTHING = Scope(everything=True)


def page(*widgets: dict[str, Any], scope: Scope = EVERYTHING, **more: Any) -> made.Page:
    asked = more.pop("asked", {})
    stored = {"version": 1, "widgets": list(widgets), **more}
    return made.page(stored, asked, scope, timezone.now())


def widget(kind: str = "value", name: str = "w", **options: Any) -> dict[str, Any]:
    area = {"x": 0, "y": 0, "w": 3, "h": 2}
    return {"id": name, "kind": kind, "options": options, **area}


def told(one: made.Page, number: int = 0) -> str:
    found = one.placed[number].widget
    assert found.name == "unreadable"
    return str(found.options.text)


def test_widgets_are_read_from_above_and_from_the_start() -> None:
    device("press", t="number")
    two = {**widget(name="two", key="press/t"), "x": 6}
    three = {**widget(name="three", key="press/t"), "y": 2}
    found = page(three, two, widget(name="one", key="press/t"))
    assert [one.id for one in found.placed] == ["one", "two", "three"]
    assert "#w-two{grid-area:1/7/span 2/span 3}" in found.css


def test_one_board_for_all_presses() -> None:
    for key in ("press-1", "press-2"):
        device(key, t="number")
    Device.objects.update(device_type="press")
    device("room", t="number")
    variables = [{"name": "press", "kind": "device", "type": "press"}]
    one = widget(key="$press/t", title="Oil of $press")
    found = page(one, variables=variables)
    assert [value for value, _words in found.choices[0].choices] == ["press-1", "press-2"]
    assert found.placed[0].widget.options.key == "press-1/t"
    chosen = page(one, variables=variables, asked={"var-press": "press-2"})
    assert chosen.placed[0].widget.options.key == "press-2/t"
    assert chosen.placed[0].heading == "Oil of press-2"
    # What is none of them is not shown.
    assert page(one, variables=variables, asked={"var-press": "room"}).choices[0].value == "press-1"


@pytest.mark.parametrize("kind", ["site", "type", "tag"])
def test_a_variable_stands_for_all_devices_there(kind: str) -> None:
    site = Site.objects.create(slug="hall", name="Hall")
    for key in ("press-1", "press-2"):
        made_one = device(key, site, t="number")
        made_one.tags.add(Tag.objects.get_or_create(name="hall")[0])
    Device.objects.update(device_type="hall")
    device("press-3", site)  # has no such metric
    device("room", t="number")
    found = page(
        widget("lines", keys=["$where/t"]),
        widget("table", "x", devices=["$where"]),
        variables=[{"name": "where", "kind": kind}],
        asked={"var-where": "hall"},
    )
    assert found.placed[0].widget.options.keys == ("press-1/t", "press-2/t")
    assert {"press-1", "press-2"} <= set(found.placed[1].widget.options.devices)
    assert [one.label for one in found.placed[0].cells] == ["press-1", "press-2"]


def test_more_than_there_is_room_for_is_said() -> None:
    for number in range(10):
        device(f"press-{number}", t="number")
    Device.objects.update(device_type="press")
    variables = [{"name": "all", "kind": "type"}]
    found = page(widget("lines", keys=["$all/t"]), variables=variables)
    assert len(found.placed[0].widget.options.keys) == 8
    assert found.placed[0].note == "8 of 10 are shown."


def test_nobody_sees_by_a_board_what_they_may_not_see() -> None:
    mine, other = (Site.objects.create(slug=name, name=name) for name in ("mine", "other"))
    device("here", mine, t="number")
    device("there", other, t="number")
    Device.objects.update(device_type="press")
    scope = Scope(sites=frozenset({mine.pk}))
    variables = [{"name": name, "kind": name} for name in ("device", "site", "type")]
    found = page(
        widget("lines", "a", keys=["there/t", "here/t"]),
        widget("lines", "b", keys=["$type/t"]),
        widget("value", "c", key="$device/t"),
        scope=scope,
        variables=variables,
        asked={"var-device": "there", "var-site": "other"},
    )
    assert found.placed[0].denied == ["there/t"]
    assert found.placed[1].widget.options.keys == ("here/t",)
    assert found.placed[2].widget.options.key == "here/t"
    assert [choice.value for choice in found.choices] == ["here", "mine", "press"]
    assert all("there" not in dict(choice.choices) for choice in found.choices)


def test_what_cannot_be_shown_says_why_in_its_place() -> None:
    device("press", t="number")
    Series.objects.update(hidden=False)
    found = page(
        widget("compass", "gone", title="Wind"),
        widget("lines", "wrong", keys=[]),
        widget(name="deleted", key="nobody/t"),
        {"id": "bad", "kind": "value", "options": {"key": "press/t"}, "x": "?"},
        widget(name="fine", key="press/t"),
        {"no": "widget"},
    )
    texts = {one.id: one for one in found.placed}
    assert "not installed" in str(texts["gone"].widget.options.text)
    assert texts["gone"].heading == "Wind"
    assert "keys" in str(texts["wrong"].widget.options.text)
    assert texts["deleted"].denied == ["nobody/t"]
    assert texts["fine"].widget.name == "value"
    assert len(found.placed) == 5


def test_nothing_to_choose_is_said() -> None:
    found = page(widget(key="$press/t"), variables=[{"name": "press", "kind": "device"}])
    assert told(found) == "There is nothing to show for what is chosen above."
    assert found.choices[0].value == ""


@pytest.mark.parametrize("stored", [None, [], "x", {}, {"version": 2}, {"version": "1"}])
def test_a_board_of_another_version_is_refused_in_words(stored: Any) -> None:
    found = made.page(stored, {}, EVERYTHING, timezone.now())
    assert "another version" in found.problem
    assert found.placed == []


@pytest.mark.parametrize("part", ["widgets", "variables", "minutes"])
@pytest.mark.parametrize("junk", [None, 0, "x", {"a": 1}, [1, "x", None, {}], -1, 1e99])
def test_junk_in_a_stored_board_fails_no_page(part: str, junk: Any) -> None:
    found = made.page({"version": 1, part: junk}, {}, EVERYTHING, timezone.now())
    assert found.minutes == 60


def test_a_board_that_makes_itself_is_a_specification() -> None:
    for key in ("press-1", "press-2"):
        device(key, t="number:°C", level="number:%", running="boolean")
    board = automatic(Device.objects.all(), AsOf(timezone.now()))
    stored = checked(made.placed_automatically(board.widgets))
    again = made.page(stored, {}, EVERYTHING, timezone.now())
    assert [one.widget.name for one in again.placed] == [one.name for one in board.widgets]
    cells = [
        (one.x + dx, one.y + dy)
        for one in again.places
        for dx in range(one.w)
        for dy in range(one.h)
    ]
    assert len(cells) == len(set(cells))


def test_what_stands_for_a_variable_is_no_variable() -> None:
    for key, name in (("a", "$bbb$bbb$bbb"), ("b", "$cc$cc"), ("c", "$d" * 50), ("d", "x" * 200)):
        device(key, t="number")
        Device.objects.filter(key=key).update(name=name)
    variables = [
        {"name": name, "kind": "device", "default": key}
        for name, key in (("a", "a"), ("bbb", "b"), ("cc", "c"), ("d", "d"))
    ]
    text = widget("text", text="$a" * 5_000, title="$a and $dollars and $5")
    found = page(text, variables=variables).placed[0].widget
    assert str(found.options.text)[:13] == "$bbb$bbb$bbb$"
    assert len(found.options.text) == 10_000
    assert found.options.title == "$bbb$bbb$bbb and " + "x" * 100 + "ollars and $5"


def test_one_page_shows_so_many_values() -> None:
    for number in range(100):
        device(f"d{number}", t="number")
    Device.objects.update(device_type="press")
    tables = [widget("table", f"t{n}", keys=["$all/t", "$all/t"]) for n in range(15)]
    lists = [widget("devices", f"l{n}") for n in range(15)]
    found = page(*tables, *lists, variables=[{"name": "all", "kind": "type"}])
    assert len(found.placed[0].widget.options.keys) == 100
    shown = [one.widget.name for one in found.placed]
    assert (shown.count("table"), shown.count("devices")) == (10, 0)
    assert "no room" in told(found, 29)
    assert [one.widget.name for one in page(*lists).placed].count("devices") == made.HEAVY


def test_a_list_of_variables_without_end_ends() -> None:
    for number in range(30):
        device(f"d{number}", t="number")
    Device.objects.update(device_type="press")
    keys = [f"$all/t{n}" for n in range(4_000)] + ["$all/t"]
    found = page(widget("table", keys=keys), variables=[{"name": "all", "kind": "type"}])
    assert len(found.placed[0].widget.options.keys) <= 400


@pytest.mark.parametrize(
    ("asked", "default", "zone"),
    [
        ("", "", ""),
        ("Asia/Tokyo", "", "Asia/Tokyo"),
        ("", "Europe/Berlin", "Europe/Berlin"),
        ("UTC", "Europe/Berlin", "UTC"),
        ("Mars/Base", "", ""),
        ("../etc/passwd", "", ""),
    ],
)
def test_a_board_has_a_time_zone(asked: str, default: str, zone: str) -> None:
    variables = [{"name": "zone", "kind": "zone", "default": default}]
    stored = checked({"version": 1, "widgets": [], "variables": variables})
    page = made.page(stored, {"var-zone": asked}, Scope(everything=True), timezone.now())
    assert page.zone == zone
    assert dict(page.choices[0].choices)[""] == "one's own"
