"""An outage is told once, and its end."""

import logging

import pytest

from devices.outages import Outage


def test_an_outage_is_told_once_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage(logging.getLogger("somewhere"), "Cannot hear")
    with caplog.at_level(logging.INFO, "somewhere"):
        outage.works()
        for _turn in range(3):
            outage.fails(OSError("gone"))
        outage.works()
        outage.works()
        outage.fails(OSError())
    assert [record.message for record in caplog.records] == [
        "Cannot hear: gone. Trying on.", "Cannot hear: over.", "Cannot hear: . Trying on.",
    ]  # fmt: skip
    assert outage.reason == "OSError"
