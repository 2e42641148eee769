"""`overview`: the first page of 5,000 devices, and what its socket carries."""

import json
import statistics
import time
import urllib.request
from typing import Any

from websockets.sync.client import connect

from tests.support.stack import Plant, whole_plant

DEVICES, METRICS = 5_000, 5


def run() -> list[dict[str, Any]]:
    with whole_plant() as plant:
        plant.add_user()
        fill(plant)
        plant.worker()
        plant.web()
        cookie = log_in(plant)
        times = [_page(plant, cookie)[0] for _ in range(11)]
        body = _page(plant, cookie)[1]
        return [
            {
                "devices": DEVICES,
                "first_ms": round(times[0] * 1_000),
                "median_ms": round(statistics.median(times[1:]) * 1_000),
                "max_ms": round(max(times) * 1_000),
                "html_kb": round(len(body) / 1_000),
                **_socket(plant, plant.token(), keys_of(body)),
            }
        ]


def fill(plant: Plant, devices: int = DEVICES) -> None:
    """Register devices with a newest value of each metric, as long traffic leaves them."""
    plant.sql(
        "INSERT INTO devices_device (key, name, device_type, location, pending, enabled, status, "
        "last_seen, expected_by, created_at) SELECT 'dev-' || lpad(n::text, 5, '0'), '', 'probe', "
        "'', false, true, '', now() - n * interval '1 second', "
        "now() + (3600 - n * 1.5) * interval '1 second', now() "
        f"FROM generate_series(1, {devices}) n"
    )
    plant.sql(
        "INSERT INTO devices_series (device_id, metric, unit, kind, created_at) "
        "SELECT d.id, 'metric-' || m, 'V', 'number', now() FROM devices_device d, "
        f"generate_series(1, {METRICS}) m"
    )
    plant.sql(
        "INSERT INTO devices_latest (series_id, ts, value) SELECT id, "
        "(extract(epoch FROM now()) * 1000000)::bigint, id / 7.0 FROM devices_series"
    )
    plant.sql("ANALYZE")


def log_in(plant: Plant, user: str = "admin", password: str = "secret-123") -> str:
    """Return the session cookie of a person."""
    code = (
        "from django.test import Client; c = Client(); "
        f"assert c.login(username={user!r}, password={password!r}); "
        "print('SESSION', c.cookies['sessionid'].value)"
    )
    printed = plant.manage("shell", "-v", "0", "-c", code)
    return printed.split("SESSION", 1)[1].strip()


def _page(plant: Plant, cookie: str) -> tuple[float, str]:
    request = urllib.request.Request(f"{plant.base}/", headers={"Cookie": f"sessionid={cookie}"})
    started = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        body = answer.read().decode()
    return time.perf_counter() - started, body


def keys_of(body: str) -> list[str]:
    """Return the live keys of the values on a page."""
    return [part.split('"', 1)[0] for part in body.split('data-key="')[1:]]


def _socket(plant: Plant, token: str, keys: list[str]) -> dict[str, Any]:
    with connect(f"ws://127.0.0.1:{plant.web_port}/ws/live/", max_size=None) as socket:
        socket.send(json.dumps({"t": "auth", "token": token}))
        hello = json.loads(socket.recv())
        socket.send(json.dumps({"t": "sub", "id": 1, "kind": "latest", "keys": keys}))
        socket.send(json.dumps({"t": "sub", "id": 2, "kind": "fleet"}))
        started, largest = time.perf_counter(), 0
        seen: set[str] = set()
        fleet_sum = 0
        while not {"snap", "sites"} <= seen:
            text = socket.recv(timeout=10)
            frame = json.loads(text)
            largest = max(largest, len(text))
            assert frame["t"] != "err", frame
            seen.add("sites" if "sites" in frame else frame["t"])
            if "sites" in frame:
                counts = frame["sites"].values()
                fleet_sum = sum(sum(site.values()) for site in counts)
        assert len(keys) <= hello["limits"]["series"]
        return {
            "series_subscribed": len(keys),
            "series_limit": hello["limits"]["series"],
            "snapshot_ms": round((time.perf_counter() - started) * 1_000),
            "largest_frame_kb": round(largest / 1_000),
            "fleet_counts": fleet_sum,
        }
