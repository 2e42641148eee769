"""Faults between the processes: Redis, the broker, the network."""

import signal

import pytest

from tests.faults.conftest import Report
from tests.faults.load_harness import short_or_long, under_load
from tests.support.proxy import proxy
from tests.support.stack import Plant

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]


def test_redis_killed(whole_plant: Plant, report: Report) -> None:
    """Storing does not need it: not one commit waits."""
    whole_plant.worker()
    with under_load(whole_plant, "redis-killed", report) as rig:
        rig.watch_status()
        rig.flows(200)
        whole_plant.layer.kill()
        rig.recovers()
        rig.says("layer_away")
        rig.flows(400)
        whole_plant.layer.start()
        rig.flows(200)
        rig.is_well()


def test_broker_restarted(plant: Plant, report: Report) -> None:
    """A clean restart keeps the queue, as its persistence is on."""
    plant.worker()
    with under_load(plant, "broker-restarted", report) as rig:
        rig.watch_status()
        rig.flows(200)
        rig.publisher.pause()
        plant.broker.stop(signal.SIGTERM)
        rig.says("broker_away")
        plant.broker.start()
        rig.publisher.go_on()
        rig.recovers()
        rig.is_well()


def test_connection_cut(plant: Plant, report: Report) -> None:
    with proxy(plant.broker.port) as way:
        plant.worker(MQTT_URL=f"mqtt://127.0.0.1:{way.port}")
        with under_load(plant, "tcp-cut", report) as rig:
            for _turn in range(short_or_long(2, 10)):
                rig.flows(150)
                way.cut()
                rig.recovers()


def test_network_away_for_a_while(plant: Plant, report: Report) -> None:
    with proxy(plant.broker.port) as way:
        plant.worker(MQTT_URL=f"mqtt://127.0.0.1:{way.port}")
        with under_load(plant, "tcp-refused", report) as rig:
            rig.watch_status()
            rig.flows(150)
            way.mode = "closed"
            way.cut()
            rig.says("broker_away")
            way.mode = "pass"
            rig.recovers(60)
            rig.is_well()


def test_connection_stalled(plant: Plant, report: Report) -> None:
    """Nothing passes and nothing is closed: the canary tells."""
    with proxy(plant.broker.port) as way:
        plant.worker(MQTT_URL=f"mqtt://127.0.0.1:{way.port}")
        with under_load(plant, "tcp-stalled", report) as rig:
            rig.watch_status()
            rig.flows(150)
            way.mode = "stall"
            rig.says("deaf", "broker_away", seconds=40)
            way.mode = "pass"
            rig.recovers()
            rig.is_well()


def test_connected_but_deaf(plant: Plant, report: Report) -> None:
    """The connection lives, pings come back, but no PUBLISH passes."""
    with proxy(plant.broker.port) as way:
        plant.worker(MQTT_URL=f"mqtt://127.0.0.1:{way.port}")
        with under_load(plant, "deaf", report) as rig:
            rig.watch_status()
            rig.flows(150)
            way.mode = "deaf"
            rig.says("deaf", seconds=40)
            way.mode = "pass"
            rig.recovers(60)
            rig.is_well()
