"""A web process that nobody looks at is alive, and knows how ingest is."""

import json

import pytest
from websockets.sync.client import connect

from tests.support.services import wait_until
from tests.support.stack import Plant

pytestmark = pytest.mark.services
# Longer than any limit after which a process that says nothing is taken for dead.
QUIET_SECONDS = 11
ALIVE = "SELECT count(*) FROM devices_process WHERE kind = 'web' AND state = 'up'"


def first_heartbeat(plant: Plant, token: str) -> dict[str, object]:
    with connect(f"ws://127.0.0.1:{plant.web_port}/ws/live/") as socket:
        socket.send(json.dumps({"t": "auth", "token": token}))
        while (frame := json.loads(socket.recv(10)))["t"] != "hb":
            pass
        return dict(frame["ingest"])


def test_a_page_opened_after_a_quiet_time_is_live_at_once(plant: Plant) -> None:
    plant.worker()
    web = plant.web()
    plant.add_user()
    token = plant.token()
    # Nobody has asked it for anything but to listen.
    wait_until(lambda: plant.sql(ALIVE) == [(1,)], "the heartbeat of the web process")
    quiet = "SELECT beat_at - started_at > '{} s' FROM devices_process WHERE kind = 'web'"
    wait_until(lambda: plant.sql(quiet.format(QUIET_SECONDS)) == [(True,)], "a quiet time", 30)
    assert first_heartbeat(plant, token)["state"] == "up"
    told = [line.split() for line in plant.manage("status").splitlines()]
    assert ["web", "up"] in [[words[0], words[2]] for words in told if len(words) > 2]
    # An orderly end is none that somebody has to look at.
    assert web.stop() == 0
    assert "process_gone" not in plant.manage("status")
    assert "A process has stopped reporting" not in plant.manage("status")
