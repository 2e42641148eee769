"""Messages of alarms: who gets them, in which order, once; and what happens when they do not."""

import json
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from devices.alarms import receivers
from devices.alarms.models import Alarm, AlarmEvent, Delivery, Receiver
from devices.alarms.notifying import sending, webhook
from devices.alarms.notifying.sending import MOST, TRIES, Sending, is_quiet
from devices.background import leases
from devices.models import Device, Membership, Site
from tests.devices.alarms.plant import Press
from tests.support.sinks import MailServer, WebSink, mail_server, web_sink

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def mails(settings: Any) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_URL_GIVEN = True
        settings.DEFAULT_FROM_EMAIL = "iotbridge@plant.example"
        settings.PUBLIC_URL = "https://plant.example"
        yield server


@pytest.fixture
def sink(settings: Any) -> Iterator[WebSink]:
    settings.NOTIFY_NETWORKS = ["127.0.0.0/8"]
    with web_sink() as server:
        yield server


@pytest.fixture
def press() -> Press:
    return Press()


def receiver(**fields: Any) -> Receiver:
    made = Receiver(**{"name": "Duty", "kind": "email", "target": "duty@plant.example", **fields})
    if made.kind == "webhook":
        receivers.new_secret(made)
    made.save()
    return made


def hook(sink: WebSink, **fields: Any) -> Receiver:
    return receiver(kind="webhook", target=sink.url, **fields)


def send() -> None:
    """Send until nothing is left that may be sent now."""
    service = Sending("worker")
    while service.step():
        pass
    service.release()


def swing(press: Press, *values: float) -> None:
    for value in values:
        press.send({press.now + 1: value})
        press.look(1)


def test_an_alarm_and_its_end_are_told_by_mail(press: Press, mails: MailServer) -> None:
    Device.objects.update(name="Press\nBcc: x@example.com")
    receiver(target="duty@plant.example, boss@plant.example")
    press.rule(name="too hot", text="now: {value}", severity="critical")
    swing(press, 9)
    send()
    swing(press, 1)
    send()
    first, last = mails.mails
    assert first["Subject"] == "critical: too hot (Press Bcc: x@example.com)"
    assert first["X-To"] == "duty@plant.example, boss@plant.example"
    assert "now: 9" in first.get_content()
    assert f"https://plant.example/alarms/{press.alarm.pk}" in first.get_content()
    assert last["Subject"].startswith("cleared: too hot")
    assert Delivery.objects.filter(state="sent").count() == 2


def test_a_webhook_is_signed_dated_and_numbered(press: Press, sink: WebSink) -> None:
    made = Receiver(name="x", kind="webhook", target=sink.url)
    secret = receivers.new_secret(made)
    made.save()
    press.rule()
    swing(press, 9)
    send()
    ((headers, body),) = sink.posts
    at, signature = (part.split("=")[1] for part in headers["Iotbridge-Signature"].split(","))
    assert signature == webhook.signature(secret, int(at), body)
    told = json.loads(body)
    assert told["count"] == 1
    assert told["events"][0]["kind"] == "raised"
    assert told["events"][0]["alarm"]["device"] == "press"
    assert not told["may_be_twice"]
    assert secret not in Receiver.objects.get().secret


def test_a_burst_is_one_message_that_says_so(press: Press, mails: MailServer) -> None:
    receiver()
    for number in range(8):
        press.rule(name=f"rule {number}")
    swing(press, 9)
    send()
    (mail,) = mails.mails
    assert mail["Subject"] == "8 alarms: 8 warning"
    assert "rule 7" in mail.get_content()


def test_a_thousand_are_one_message_each_receiver(press: Press, sink: WebSink) -> None:
    hook(sink)
    press.rule()
    swing(press, 9)
    alarm = press.alarm
    now = timezone.now()
    events = AlarmEvent.objects.bulk_create(
        AlarmEvent(alarm=alarm, kind="raised", at=now) for _ in range(MOST - 1)
    )
    Delivery.objects.bulk_create(
        Delivery(receiver=Receiver.objects.get(), event=event, made_at=now) for event in events
    )
    send()
    ((_headers, body),) = sink.posts
    assert json.loads(body)["count"] == MOST


def test_who_may_not_see_the_device_is_told_nothing(press: Press, mails: MailServer) -> None:
    hall = Site.objects.create(name="Hall", slug="hall")
    other = Site.objects.create(name="Other", slug="other")
    Device.objects.update(site=hall)
    people = get_user_model().objects
    anna = people.create_user("anna", email="anna@plant.example")
    bert = people.create_user("bert", email="bert@plant.example")
    Membership.objects.create(user=anna, site=hall, role="viewer")
    Membership.objects.create(user=bert, site=other, role="manager")
    for user in (anna, bert):
        receiver(kind="person", user=user, target="")
    receiver(name="of another site", site=other)
    press.rule()
    swing(press, 9)
    send()
    assert [mail["X-To"] for mail in mails.mails] == ["anna@plant.example"]
    # Rights are those of the moment of sending.
    swing(press, 1)
    Membership.objects.all().delete()
    send()
    assert len(mails.mails) == 1
    assert not Delivery.objects.filter(state="waiting").exists()


@pytest.mark.parametrize(
    ("fields", "severity", "many"),
    [
        ({"least": "critical"}, "warning", 0),
        ({"least": "critical"}, "critical", 2),
        ({"tells_end": False}, "warning", 1),
        ({"enabled": False}, "critical", 0),
        ({"every_rule": False}, "critical", 0),
    ],
)
def test_each_chooses_what_they_hear(
    press: Press, fields: dict[str, Any], severity: str, many: int
) -> None:
    receiver(**fields)
    press.rule(severity=severity)
    swing(press, 9, 1)
    assert Delivery.objects.count() == many


def test_a_receiver_of_some_rules_hears_of_those(press: Press) -> None:
    made = receiver(every_rule=False)
    made.rules.add(press.rule(name="mine"))
    press.rule(name="another")
    swing(press, 9)
    assert [one.event.alarm.rule_name for one in Delivery.objects.all()] == ["mine"]


def test_nobody_is_told_of_what_is_history_or_comes_back_soon(press: Press) -> None:
    receiver()
    press.rule()
    press.look(3_600)
    press.send({press.now - 3_000: 9, press.now - 2_900: 1})
    press.look(1)
    assert press.alarm.is_history
    assert not Delivery.objects.exists()
    swing(press, 9, 1, 9, 1)
    assert Alarm.objects.count() == 2
    kinds = [one.event.kind for one in Delivery.objects.all()]
    assert kinds == ["raised", "cleared", "cleared"]


def test_quiet_hours_wait_but_for_what_is_critical(press: Press, mails: MailServer) -> None:
    now = timezone.now()
    soon, late = (now + timedelta(hours=1)).time(), (now - timedelta(hours=1)).time()
    made = receiver(quiet_from=late, quiet_to=soon)
    press.rule(name="warns")
    press.rule(name="burns", severity="critical")
    swing(press, 9)
    send()
    assert [mail["Subject"] for mail in mails.mails] == ["critical: burns (press)"]
    Receiver.objects.update(quiet_from=soon, quiet_to=soon)
    send()
    assert len(mails.mails) == 2
    assert made.deliveries.filter(state="sent").count() == 2


@pytest.mark.parametrize(
    ("start", "end", "hour", "expected"),
    [(22, 6, 23, True), (22, 6, 5, True), (22, 6, 6, False), (8, 9, 8, True), (8, 9, 10, False)],
)
def test_when_it_is_quiet(start: int, end: int, hour: int, expected: bool) -> None:
    one = Receiver(quiet_from=time(start), quiet_to=time(end))
    assert is_quiet(one, timezone.now().replace(hour=hour, minute=0)) is expected


def test_a_failure_is_tried_again_later_in_order_and_told(press: Press, sink: WebSink) -> None:
    made = hook(sink)
    sink.status = 503
    press.rule()
    swing(press, 9)
    send()
    made.refresh_from_db()
    assert made.failures == 1
    assert made.error == "It answered 503: <b>said</b>"
    assert made.wait_until is not None
    assert timedelta(seconds=5) < made.wait_until - timezone.now() <= sending.WAIT
    # What comes meanwhile waits behind it.
    swing(press, 1)
    send()
    assert len(sink.posts) == 1
    sink.status = 200
    Receiver.objects.update(wait_until=None)
    send()
    told = json.loads(sink.posts[1][1])
    assert [event["kind"] for event in told["events"]] == ["raised", "cleared"]
    # The first try was answered by an error; whether it was taken is not known.
    assert told["may_be_twice"]
    made.refresh_from_db()
    assert (made.failures, made.error) == (0, "")


def test_after_so_many_tries_it_is_given_up_and_shown(press: Press, sink: WebSink) -> None:
    made = hook(sink)
    sink.status = 500
    press.rule()
    swing(press, 9)
    service = Sending("worker")
    for _ in range(TRIES):
        Receiver.objects.update(wait_until=None)
        service.step()
    assert made.deliveries.get().state == "dead"
    service.step()
    assert service.status()["not_sent"].startswith("Duty: It answered 500")
    service.release()


def test_who_dies_after_sending_says_that_it_may_be_twice(press: Press, sink: WebSink) -> None:
    """The try is stored before it is made, so that a successor knows of it."""
    hook(sink)
    press.rule()
    swing(press, 9)

    class Killed(BaseException):
        pass

    real = webhook.send

    def killed(*given: Any) -> None:
        real(*given)
        raise Killed

    sending.SENDERS["webhook"] = killed
    try:
        with pytest.raises(Killed):
            Sending("worker").step()
    finally:
        sending.SENDERS["webhook"] = real
    leases.release("notifications", "worker")
    send()
    first, again = (json.loads(body) for _headers, body in sink.posts)
    assert not first["may_be_twice"]
    assert again["may_be_twice"]
    assert first["events"] == again["events"]
    ids = {headers["Iotbridge-Delivery"] for headers, _body in sink.posts}
    assert len(ids) == 1


def test_without_a_mail_server_it_says_so(press: Press) -> None:
    receiver()
    press.rule()
    swing(press, 9)
    send()
    assert "EMAIL_URL" in Receiver.objects.get().error


def test_a_mail_server_that_refuses_is_told(press: Press, mails: MailServer) -> None:
    mails.refuses = "550 not here"
    receiver()
    press.rule()
    swing(press, 9)
    send()
    assert "550" in Receiver.objects.get().error
