"""Limits of conventions that no golden file can hold, as they take long packets or many."""

import csv
import json
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from mqtt_ingest.core import conventions
from mqtt_ingest.core.conventions import layout, recognising, templates
from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.conventions.by_payload import ByPayload
from mqtt_ingest.core.conventions.by_template import ByTemplate
from mqtt_ingest.core.conventions.native import Native
from mqtt_ingest.core.descriptions import Description, SeriesDescription, bound
from mqtt_ingest.core.errors import Undecodable
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Entry, Packet
from mqtt_ingest.core.records import Record, take
from mqtt_ingest.core.structure.observations import Observed
from tests.support.factories import make_packet


def refused(name: str, packet: Packet, **limits: Any) -> str:
    with pytest.raises(Undecodable) as error:
        conventions.make(name).decode(packet, Limits(**limits))
    return error.value.reason


def test_records_and_values_without_end_are_refused() -> None:
    pack = json.dumps([{"n": "x", "v": 1}] * 3)
    assert refused("senml", make_packet("devices/x/senml", pack), samples=2) == "too_many_samples"
    assert refused("senml", make_packet("devices/x/senml", pack), payload_bytes=5) == "too_large"
    values = json.dumps({str(n): n for n in range(5)})
    packet = make_packet("tele/a/SENSOR", values)
    assert refused("tasmota", packet, samples=3) == "too_many_samples"
    deep = make_packet("tele/a/SENSOR", '{"a":' * 9 + "1" + "}" * 9)
    assert refused("tasmota", deep, nesting=5) == "too_deep"


def test_a_list_of_values_without_end_is_told() -> None:
    made = conventions.make("tasmota")
    packet = make_packet("tele/a/SENSOR", json.dumps({"n": 1, "list": [1, 2, 3, 4]}))
    (message,) = made.decode(packet, Limits(array_elements=3)) or ()
    assert [one.metric for one in message.samples] == ["n"]
    assert message.bad == [("list", "more than 3 elements")]


def test_a_field_of_csv_without_end_is_refused() -> None:
    packet = make_packet("s/us/a", "200,a,b," + "9" * (csv.field_size_limit() + 1))
    assert refused("cumulocity", packet) == "not_csv"


def test_what_is_remembered_of_topics_and_metrics_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (layout, templates):
        monkeypatch.setattr(module, "REMEMBERED", 3)
    made = conventions.make("tasmota")
    assert isinstance(made, layout.Layout)
    for n in range(10):
        made.decode(make_packet(f"tele/plug-{n}/SENSOR", '{"a": 1}'), Limits())
        made.unit_of(f"metric-{n}")
    assert max(len(made._rules._found), len(made._units)) <= 3


def test_parents_without_end_become_wide_filters() -> None:
    topics = [f"a/{n}/x" for n in range(recognising.MANY + 1)]
    assert recognising.filters_of(topics) == ("a/#",)
    few = [f"a/{n % 2}/{n}" for n in range(recognising.MANY + 1)]
    assert recognising.filters_of(few) == ("a/0/+", "a/1/+")
    assert recognising.filters_of(["a/b", "c"]) == ("a/b", "c")


def test_a_convention_that_says_nothing_of_itself() -> None:
    with pytest.raises(NotImplementedError):
        Convention().decode(make_packet("a", "1"), Limits())
    with pytest.raises(NotImplementedError):
        ByPayload.is_own(make_packet("a", "1"))
    assert Convention.recognise([]) is None


def test_telegraf_is_recognised_by_its_payloads() -> None:
    observed = Observed("t/pi")
    told = {"name": "cpu", "tags": {"host": "pi"}, "fields": {"x": 1}, "timestamp": 1_764_400_000}
    observed.packets.append(make_packet("t/pi", json.dumps(told)))
    found = conventions.find("telegraf_json").recognise([observed])
    assert found == ({"filters": ("t/pi",)}, ["payloads on t/pi"])
    made = conventions.make("telegraf_json", {"filters": ["t/#"]})
    assert made.decode(make_packet("t/pi", '{"metrics": []}'), Limits()) is None


def test_tags_that_people_choose_name_the_device() -> None:
    made = conventions.make("influx_line", {"filters": ["t/#"], "device_tags": ["chip", "core"]})
    (message,) = made.decode(make_packet("t/a", "cpu,host=pi,core=1,chip=x u=1"), Limits()) or ()
    assert message.native_id == "x/1"


def test_a_path_that_does_not_fit_finds_nothing() -> None:
    template = {"topic": "a/{device}", "device_path": "sum(name)"}
    made = conventions.make("templates", {"templates": [template]})
    (message,) = made.decode(make_packet("a/b", '{"name": 5, "t": 1}'), Limits()) or ()
    assert message.native_id == "b"
    zone = {"templates": [{"topic": "a/{device}", "zone": ""}]}
    assert isinstance(conventions.make("templates", zone), ByTemplate)


def test_equal_descriptions_share_a_mark() -> None:
    told = [Description(name=name, series={"t": SeriesDescription(unit="K")}) for name in "aab"]
    assert told[0].mark == told[1].mark != told[2].mark


def test_a_message_tells_whether_its_device_was_heard() -> None:
    assert DeviceMessage("a", status="online").is_alive
    assert not DeviceMessage("a", status="offline").is_alive
    assert DeviceMessage("a").is_alive
    message = DeviceMessage("a")
    take(message, make_packet("a", ""), 0, Record({"t": 1, "u": 2}), Limits())
    assert Entry(make_packet("a", ""), "s", [message]).samples == 2


def test_what_a_message_says_is_given_by_name_and_is_its_own() -> None:
    said = Description(name="Lamp")
    message = DeviceMessage("a", status="offline", description=said, stamped=True, is_about=True)
    assert (message.status, message.description) == ("offline", said)
    assert message.stamped
    assert message.is_about
    other = DeviceMessage("a")
    assert other == DeviceMessage("a", [])
    assert other != message
    message.bad.append(("x", "wrong"))
    assert (other.bad, other.status, other.description) == ([], "", None)


class Other(Native):
    """Written for another version."""

    version = 99


@pytest.mark.parametrize(("found", "why"), [(Other, "version 99"), (print, "no Convention")])
def test_an_entry_point_that_is_none_of_ours_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, found: object, why: str
) -> None:
    point = EntryPoint("odd", "package:Odd", conventions.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _self: found)
    monkeypatch.setattr(conventions, "entry_points", lambda group: [point][: group == point.group])
    with pytest.raises(TypeError, match=why):
        conventions.load_installed()


def test_an_entry_point_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(Native):
        name = "own"

    monkeypatch.setattr(conventions, "_known", dict(conventions._known))
    monkeypatch.setattr(EntryPoint, "load", lambda _self: Own)
    point = EntryPoint("own", "package:Own", conventions.GROUP)
    monkeypatch.setattr(conventions, "entry_points", lambda group: [point][: group == point.group])
    conventions.load_installed()
    assert conventions.find("own") is Own


def announced(*entities: dict[str, Any]) -> Any:
    made = conventions.make("homeassistant")
    for n, entity in enumerate(entities):
        config = make_packet(f"homeassistant/sensor/d/{n}/config", json.dumps(entity))
        assert made.decode(config, Limits()) == []
    return made


def test_an_announcement_describes_what_another_convention_reads() -> None:
    device = {"identifiers": ["d"], "name": "Shed"}
    made = announced(
        {
            "state_topic": "z/a",
            "value_template": "{{ value_json.climate.t }}",
            "unit_of_measurement": "°C",
            "device": device,
        },
        {"state_topic": "z/a", "value_template": "{{ value_json.gone }}", "device": device},
    )
    message = DeviceMessage("a")
    record = Record({"sensor.climate.t": 1, "other": 2})
    take(message, make_packet("z/a", ""), 0, record, Limits())
    made.describe(make_packet("z/a", ""), [message])
    assert message.description is not None
    assert message.description.name == "Shed"
    assert {key: one.unit for key, one in message.description.series.items()} == {
        "sensor.climate.t": "°C"
    }
    assert made.decode(make_packet("homeassistant/a/b/c/d/config", "{}"), Limits()) is None


def test_an_announcement_that_changes_leaves_others_of_its_topic() -> None:
    device = {"identifiers": ["d"]}
    made = announced(
        *({"state_topic": "z/a", "value_template": f"{{{{ value_json.{n} }}}}", "device": device}
          for n in "tu")
    )  # fmt: skip
    packet = make_packet("z/a", '{"t": 1, "u": 2}')
    moved = {"state_topic": "z/b", "device": device}
    made.decode(make_packet("homeassistant/sensor/d/0/config", json.dumps(moved)), Limits())
    (message,) = made.decode(packet, Limits()) or ()
    assert [(one.metric, one.value) for one in message.samples] == [("1", 2)]
    assert {"z/a", "z/b"} <= set(made.shared_filters)
    made.decode(make_packet("homeassistant/sensor/d/1/config", ""), Limits())
    assert made.decode(packet, Limits()) is None
    assert "z/a" not in made.shared_filters


def test_bounds_are_finite_numbers() -> None:
    told = [bound(one) for one in (5, -1.5, 10**400, float("nan"), float("inf"), True, "5", None)]
    assert told == [5.0, -1.5, *[None] * 6]


def test_templates_that_cannot_be_read_are_counted_so_far() -> None:
    made = announced(
        *({"state_topic": "z/a", "value_template": f"{{{{ f{n}() }}}}"} for n in range(205))
    )
    for _turn in range(2):
        assert made.decode(make_packet("z/a", "1"), Limits()) == []
    assert len(made.not_interpreted) == 200
    assert {count for _why, count in made.not_interpreted.values()} == {2}


def test_what_is_no_record_or_no_object_says_nothing() -> None:
    pack = json.dumps([{"n": "x", "v": 1}, 5])
    assert conventions.make("senml").decode(make_packet("devices/x/senml", pack), Limits()) is None
    made = conventions.make("chirpstack")
    topic = "application/1/device/0011223344556677/event/status"
    assert made.decode(make_packet(topic, "[1]"), Limits()) == []
