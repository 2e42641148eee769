"""150 people at once, on a database with its default of 100 connections."""

import threading
import urllib.request
from typing import Any

import pytest

from tests.support.stack import Plant

pytestmark = pytest.mark.services


def test_a_crowd_is_answered(plant: Plant) -> None:
    plant.worker()
    plant.web()
    plant.add_user()
    headers = {"Authorization": f"Bearer {plant.token()}"}
    statuses: list[Any] = []

    def ask() -> None:
        request = urllib.request.Request(f"{plant.base}/api/v1/devices", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                statuses.append(answer.status)
        except OSError as error:
            statuses.append(error)

    threads = [threading.Thread(target=ask) for _n in range(150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 150
