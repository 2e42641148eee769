"""The loss meter: by sequence number, by cadence, and where packets were lost."""

from typing import Any

import pytest

from devices.models import Device
from devices.monitoring import loss_meter, losses
from devices.monitoring.loss_meter import by_cadence, by_sequence
from devices.storage.losses import record
from tests.mqtt_ingest.storing.test_slot_writer import NOW, entry, make_writer, store

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3], 3),
        ([1, 2, 5], 5),
        ([254, 255, 0, 1], 4),  # a wrap at 256
        ([254, 1], 4),
        ([65_535, 0], 2),
        ([500, 501, 0, 1], 4),  # a restart
        ([7, 7], 1),
    ],
)
def test_sequence_numbers(values: list[float], expected: int) -> None:
    assert by_sequence(values) == expected


@pytest.mark.parametrize("end", [1.7e308, -1.7e308, float("inf"), float("nan"), 2.0**60])
def test_what_is_no_sequence_number_is_passed_over(end: float) -> None:
    assert by_sequence([end, 1.0, 2.0, -end, 3.0, end]) == 3


def test_cadence() -> None:
    regular = [n * 10 * SECOND for n in range(30)]
    end = regular[-1] + SECOND
    assert by_cadence(regular, end) == 30
    holes = regular[:10] + regular[15:]
    assert by_cadence(holes, end) == 30
    assert by_cadence(regular, end + 100 * SECOND) == 39
    wobbly = [at + (n % 3) * SECOND for n, at in enumerate(regular)]
    assert by_cadence(wobbly, end + SECOND) == 30


def test_no_cadence() -> None:
    assert by_cadence([0, 10, 20], 30) is None
    assert by_cadence([2**n for n in range(40)], 2**40) is None
    assert by_cadence([5] * 30, 6) is None


@pytest.mark.usefixtures("tables")
class TestRead:
    @pytest.fixture(autouse=True)
    def _accept(self, settings: Any) -> None:
        settings.MQTT_REGISTRATION = "accept"

    def read(self) -> loss_meter.LossMeter | None:
        start = NOW * 1_000
        return loss_meter.read(Device.objects.get(), start, start + 3_600 * SECOND)

    def test_by_sequence_with_the_places(self) -> None:
        sent = [n for n in range(1, 31) if n not in {4, 5, 20}]
        store(make_writer(), *(entry({"ts": NOW + n * 500, "seq": n, "t": 1}) for n in sent))
        device = Device.objects.get()
        at = NOW * 1_000
        record("throttled", at, at + SECOND, 2, device_id=device.pk)
        record("session_lost", at, at + SECOND, None)
        record("throttled", at - 10**12, at - 10**12, 99, device_id=device.pk)
        read = self.read()
        assert read is not None
        assert (read.basis, read.metric, read.expected, read.received, read.lost) == (
            *("sequence", "seq"),
            *(30, 27, 3),
        )
        places = dict(read.places)
        assert places[losses.WORDS["throttled"]] == 2
        assert places[losses.WORDS["session_lost"]] is None
        assert places["before it reached us: the device, its network, QoS 0, or the broker"] == 1

    def test_by_cadence(self) -> None:
        sent = [n for n in range(361) if n % 100 != 50]
        store(make_writer(), *(entry({"ts": NOW + n * 10_000, "t": n}) for n in sent))
        read = self.read()
        assert read is not None
        assert (read.basis, read.expected, read.received) == ("cadence", 360, 356)

    def test_without_a_basis_there_is_no_meter(self) -> None:
        store(make_writer(), entry({"ts": NOW, "t": 1}))
        assert self.read() is None
