"""What conventions remember, and what they say of devices, is stored with the packets."""

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from devices.models import Device, Series, Source
from mqtt_ingest import conf
from mqtt_ingest.core import conventions
from mqtt_ingest.core.conventions.base import Convention
from mqtt_ingest.core.descriptions import Description, SeriesDescription
from mqtt_ingest.core.errors import SlotLost
from mqtt_ingest.core.limits import Limits
from mqtt_ingest.core.packets import DeviceMessage, Entry, Packet, Sample
from mqtt_ingest.core.pipeline import Router, decode
from mqtt_ingest.models import Remembered
from tests.mqtt_ingest.storing.test_slot_writer import make_writer, rows, store
from tests.support.factories import ARRIVAL, make_packet

pytestmark = pytest.mark.usefixtures("tables")


class Named(Convention):
    """`n/{alias}/name` names a device, `n/{alias}/v` is its value; it speaks through `hub`."""

    name: ClassVar[str] = "named"
    is_stateful: ClassVar[bool] = True
    shared_filters = ("n/#",)

    def decode(self, packet: Packet, limits: Limits) -> Sequence[DeviceMessage] | None:
        _n, alias, what = packet.topic.split("/")
        text = packet.payload.decode()
        if what == "name":
            self.state.put(alias, text or None)
            said = Description(
                name=text.title(),
                parent="hub",
                series={"v": SeriesDescription(unit="Cel", unit_as_sent="°C")},
            )
            return [
                DeviceMessage("hub", is_about=True, description=Description(name="The hub")),
                DeviceMessage(text, is_about=True, description=said),
            ]
        known = self.state.get(alias)
        if known is None:
            return []
        sample = Sample("v", packet.received_at, "number", float(text), None)
        return [DeviceMessage(known, [sample], stamped=True)]


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch, settings: Any, tables: None) -> None:
    settings.MQTT_REGISTRATION = "accept"
    monkeypatch.setattr(conventions, "_known", dict(conventions._known))
    conventions.register(Named)
    Source.objects.create(name="n", convention="named")


def read(router: Router, what: str, text: str, at: int = 0) -> Entry:
    return decode(make_packet(f"n/1/{what}", text, received_at=ARRIVAL + at), router)


def fresh() -> Router:
    return Router(conf.routes())


def test_whoever_takes_over_knows_what_was_committed() -> None:
    writer, router = make_writer(), fresh()
    store(writer, read(router, "name", "lamp"))
    read(router, "name", "never committed")
    store(writer, read(fresh(), "v", "21.5"))
    assert rows() == [("lamp", "v", ARRIVAL, 21.5, None)]


def test_nothing_is_remembered_of_a_batch_that_was_fenced() -> None:
    writer = make_writer()
    entry = read(fresh(), "name", "lamp")
    writer.epoch += 7
    with pytest.raises(SlotLost):
        store(writer, entry)
    assert not Remembered.objects.exists()
    assert not Device.objects.filter(key="lamp", name="Lamp").exists()


def test_what_is_forgotten_goes() -> None:
    writer, router = make_writer(), fresh()
    store(writer, read(router, "name", "lamp"))
    assert Remembered.objects.count() == 1
    store(writer, read(router, "name", ""))
    assert not Remembered.objects.exists()


def test_devices_are_named_and_their_series_have_units_from_the_first_row_on() -> None:
    writer, router = make_writer(), fresh()
    store(writer, read(router, "name", "lamp"), read(router, "v", "21.5", 1))
    lamp = Device.objects.select_related("parent").get(key="lamp")
    assert (lamp.name, lamp.parent.key if lamp.parent else None) == ("Lamp", "hub")
    series = Series.objects.get(device=lamp, metric="v")
    assert (series.unit, series.unit_as_sent) == ("Cel", "°C")
    assert Device.objects.get(key="hub").last_seen is None


def test_a_description_that_is_stored_is_not_written_again(
    django_assert_max_num_queries: Any,
) -> None:
    writer, router = make_writer(), fresh()
    store(writer, read(router, "name", "lamp"))
    Device.objects.filter(key="lamp").update(name="changed in the table")
    store(writer, read(router, "name", "lamp", 1))
    assert Device.objects.get(key="lamp").name == "changed in the table"


def test_a_convention_that_remembers_belongs_to_one_slot() -> None:
    assert "n/#" in conf.filters().ordered
    assert "n/#" not in conf.filters().spread


def test_what_is_remembered_stays_while_routes_are_read_again() -> None:
    routes = conf.routes()
    read(Router(routes), "name", "not committed yet")
    again, _filters = conf.read_sources(routes)
    assert read(Router(again), "v", "1").messages != []
