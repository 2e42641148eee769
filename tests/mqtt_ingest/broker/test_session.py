"""The session with a real broker: TLS with client certificates, MQTT 5, refusals in words."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support import services
from tests.support import stack as plants
from tests.support.services import Service, wait_until
from tests.support.stack import Plant, Process, publish

pytestmark = pytest.mark.services


def packets(count: int) -> list[tuple[str, str]]:
    start = int(time.time() * 1_000) - count
    return [
        (f"devices/d{n % 5}/telemetry", json.dumps({"ts": start + n, "n": n})) for n in range(count)
    ]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secured(
    authority: trustme.CA, redis_service: Service, postgresql_service: Service, tmp_path: Path
) -> Iterator[Plant]:
    """A plant whose broker wants TLS and a certificate of its own authority."""
    server = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server.private_key_pem.write_to_path(tmp_path / "server.key")
    server.cert_chain_pems[0].write_to_path(tmp_path / "server.pem")
    authority.issue_cert("worker").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "client.pem"
    )
    more = (
        f"cafile {tmp_path}/ca.pem\ncertfile {tmp_path}/server.pem\n"
        f"keyfile {tmp_path}/server.key\nrequire_certificate true\n"
    )
    with (
        services.mosquitto(more=more) as broker,
        plants.plant(broker, redis_service, postgresql_service) as made,
    ):
        made.env["MQTT_URL"] = f"mqtts://localhost:{broker.port}"
        made.env["MQTT_CA_FILE"] = str(tmp_path / "ca.pem")
        yield made


def says(worker: Process, words: str) -> None:
    wait_until(lambda: words in worker.text(), f"{words!r} in the worker's log", 20)


def test_tls_with_a_client_certificate(secured: Plant, tmp_path: Path) -> None:
    own = {
        "MQTT_CERT_FILE": str(tmp_path / "client.pem"),
        "MQTT_KEY_FILE": str(tmp_path / "client.pem"),
    }
    worker = secured.worker(**own)
    client = plants.mqtt.Client(plants.CallbackAPIVersion.VERSION2)
    client.tls_set(
        secured.env["MQTT_CA_FILE"], str(tmp_path / "client.pem"), str(tmp_path / "client.pem")
    )
    client.connect("localhost", secured.broker.port)
    client.loop_start()
    for topic, payload in packets(500):
        info = client.publish(topic, payload + " " * 2_000, 1)
    info.wait_for_publish(20)
    client.disconnect()
    client.loop_stop()
    wait_until(lambda: secured.count() == 500, f"all rows, {secured.count()}", 30)
    assert worker.stop() == 0


def test_without_a_client_certificate_the_worker_says_that_it_cannot_connect(
    secured: Plant,
) -> None:
    worker = secured.worker(wait=False)
    says(worker, "WARNING mqtt_ingest.worker.engine: ingest-0: ")
    assert worker.returncode is None


def test_a_broker_of_another_authority_is_not_trusted(secured: Plant, tmp_path: Path) -> None:
    other = trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    worker = secured.worker(wait=False, MQTT_CA_FILE=str(tmp_path / "other.pem"))
    says(worker, "certificate verify failed")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_both_versions_keep_their_session(plant: Plant, version: str) -> None:
    worker = plant.worker(MQTT_VERSION=version)
    publish(plant, packets(500))
    wait_until(lambda: plant.count() == 500, "the first rows", 30)
    worker.stop()
    publish(plant, packets(500))
    worker = plant.worker(MQTT_VERSION=version)
    wait_until(lambda: plant.count() == 1_000, f"the queued rows, {plant.count()}", 30)
    assert "has forgotten our session" not in worker.text()


def test_a_wrong_password_is_said_in_words(
    redis_service: Service, postgresql_service: Service, tmp_path: Path
) -> None:
    (tmp_path / "passwords").write_text("")
    more = f"password_file {tmp_path}/passwords\nallow_anonymous false\n"
    with (
        services.mosquitto(more=more) as broker,
        plants.plant(broker, redis_service, postgresql_service) as made,
    ):
        worker = made.worker(wait=False)
        says(worker, "refused")
        assert "check user in MQTT_URL" in worker.text()


def test_refused_rights_for_the_canary_are_shown_and_not_red(
    redis_service: Service, postgresql_service: Service, tmp_path: Path
) -> None:
    (tmp_path / "rules").write_text("topic readwrite devices/#\n")
    with (
        services.mosquitto(more=f"acl_file {tmp_path}/rules\n") as broker,
        plants.plant(broker, redis_service, postgresql_service) as made,
    ):
        made.worker()
        publish(made, packets(10))
        wait_until(lambda: made.count() == 10, "the rows", 20)
        wait_until(
            lambda: "The canary is not let through" in made.manage("status"), "its words", 60
        )
        made.manage("status", "--check")


def test_a_session_the_broker_has_forgotten_is_a_named_loss(plant: Plant) -> None:
    worker = plant.worker()
    publish(plant, packets(10))
    wait_until(lambda: plant.count() == 10, "the rows", 20)
    worker.stop()
    client = plants.mqtt.Client(
        plants.CallbackAPIVersion.VERSION2, client_id=f"{plant.client_id}-ingest-0"
    )
    client.connect("127.0.0.1", plant.broker.port)
    client.loop_start()
    wait_until(client.is_connected, "the session to be thrown away")
    client.disconnect()
    client.loop_stop()
    worker = plant.worker()
    says(worker, "has forgotten our session")
    assert plant.sql("SELECT reason, packets FROM devices_loss") == [("session_lost", None)]


def test_what_the_broker_drops_is_a_named_loss(
    redis_service: Service, postgresql_service: Service
) -> None:
    more = "sys_interval 1\nmax_queued_messages 100\n"
    with (
        services.mosquitto(more=more) as broker,
        plants.plant(broker, redis_service, postgresql_service) as made,
    ):
        worker = made.worker()
        says(worker, "subscribed")
        wait_until(
            lambda: made.sql("SELECT sum(broker_dropped) FROM devices_writer") == [(0,)],
            "the broker's count",
            20,
        )
        worker.stop()
        away = time.monotonic()
        publish(made, packets(6_000))
        worker = made.worker()
        says(worker, "The broker has dropped")
        lost = "SELECT sum(packets)::int FROM devices_loss WHERE reason = 'broker_dropped'"
        # The broker counts what it withholds of its own figures, each second, and of our canary
        # too, where a client comes back to a full queue.
        asides = range(5 + 3 * round(time.monotonic() - away))

        def above() -> int:
            return int(made.sql(lost)[0][0] or 0) - (6_000 - made.count())

        wait_until(lambda: above() in asides, f"all that was dropped: {above()} too many")


def test_a_port_that_wants_tls_is_named(secured: Plant) -> None:
    worker = secured.worker(wait=False, MQTT_URL=f"mqtt://localhost:{secured.broker.port}")
    says(worker, "MQTT_URL begins with mqtts")


def test_a_port_that_speaks_no_tls_is_named(plant: Plant) -> None:
    worker = plant.worker(wait=False, MQTT_URL=f"mqtts://localhost:{plant.broker.port}")
    says(worker, "this port speaks no TLS, it seems")


def test_the_ca_is_named_where_it_does_not_fit(secured: Plant, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    worker = secured.worker(wait=False, MQTT_CA_FILE=str(tmp_path / "other.pem"))
    says(worker, "is MQTT_CA_FILE the CA of this broker?")
