"""The outbox is sent: a background service of one elected process.

In order by receiver; what waits for one goes as one message. A try is noted before it is made:
whoever goes on after kill -9 knows that the message may have been sent already, and says so.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from devices import datetime_texts
from devices.alarms.models import Delivery, Receiver, Severity
from devices.alarms.notifying import SERVICE, mail, outbox, webhook
from devices.alarms.notifying.errors import NotSent
from devices.alarms.notifying.messages import Message, message_of
from devices.background.services import LeasedService, Pace

logger = logging.getLogger(__name__)

# Of one message.
MOST = 1_000
# How often a message is tried, how long it waits after the first failure and at most.
TRIES, WAIT, LONGEST = 12, timedelta(seconds=10), timedelta(hours=1)
# What was sent is remembered for so long.
KEPT = timedelta(days=31)
SENDERS: dict[str, Callable[[Receiver, Message], None]] = {
    Receiver.Kind.PERSON: mail.send,
    Receiver.Kind.EMAIL: mail.send,
    Receiver.Kind.WEBHOOK: webhook.send,
}


class Sending(LeasedService):
    """Sends what waits."""

    name = SERVICE
    thread = "notifications"
    pace = Pace(idle=0.5, more=0.0, busy=0.2)

    def __init__(self, holder: str) -> None:
        """Prepare; `holder` is the process' name."""
        super().__init__(holder)
        self._failing = ""
        self._tidied: datetime | None = None

    def status(self) -> dict[str, Any]:
        """Return whom nothing can be sent to, and why."""
        return {"not_sent": self._failing}

    def work(self) -> bool:
        """Send to one receiver for which something waits; return whether there may be more."""
        now = timezone.now()
        for receiver in self._waiting(now):
            batch = _batch(receiver, now)
            if batch:
                self._send(receiver, batch)
                return True
        self._look(now)
        return False

    def _waiting(self, now: datetime) -> list[Receiver]:
        waiting = Receiver.objects.filter(deliveries__state="waiting", enabled=True).distinct()
        found = waiting.select_related("user").order_by("wait_until", "pk")
        return [one for one in found if one.wait_until is None or one.wait_until <= now]

    def _send(self, receiver: Receiver, batch: Sequence[Delivery]) -> None:
        pks = [delivery.pk for delivery in batch]
        mine = Delivery.objects.filter(pk__in=pks)
        known = {alarm.pk for alarm in outbox.may_know(receiver, [d.event.alarm for d in batch])}
        told = [delivery for delivery in batch if delivery.event.alarm_id in known]
        with transaction.atomic():
            self._lease.commit()
            mine.update(tries=F("tries") + 1)
        try:
            if told:
                SENDERS[receiver.kind](receiver, message_of(told))
        except NotSent as error:
            with transaction.atomic():
                self._lease.commit()
                _failed(receiver, mine, str(error))
            return
        with transaction.atomic():
            self._lease.commit()
            mine.update(state=Delivery.State.SENT, sent_at=timezone.now(), error="")
            _set(receiver, failures=0, wait_until=None, error="")

    def _look(self, now: datetime) -> None:
        """Note what fails, and forget what was sent long ago."""
        failing = Receiver.objects.filter(enabled=True, failures__gt=1).first()
        self._failing = f"{failing.name}: {failing.error}" if failing is not None else ""
        if self._tidied is None or now - self._tidied > timedelta(hours=1):
            self._tidied = now
            old = Delivery.objects.exclude(state="waiting").filter(made_at__lt=now - KEPT)
            Delivery.objects.filter(pk__in=old.values("pk")[:5_000]).delete()


def _batch(receiver: Receiver, now: datetime) -> list[Delivery]:
    """Return what is to be sent in one message: in quiet hours what is critical."""
    waiting = receiver.deliveries.filter(state="waiting").select_related(
        "event__alarm__device__site", "event__alarm__series"
    )
    if is_quiet(receiver, now):
        waiting = waiting.filter(event__alarm__severity=Severity.CRITICAL)
    return list(waiting.order_by("pk")[:MOST])


def is_quiet(receiver: Receiver, now: datetime) -> bool:
    """Return whether a receiver wants to be left alone at a moment."""
    start, end = receiver.quiet_from, receiver.quiet_to
    if start is None or end is None:
        return False
    clock = now.astimezone(datetime_texts.zone_of(receiver.zone) if receiver.zone else UTC).time()
    return start <= clock < end if start <= end else clock >= start or clock < end


def _failed(receiver: Receiver, mine: Any, words: str) -> None:
    wait = min(LONGEST, WAIT * 2 ** min(receiver.failures, 20))
    if not receiver.failures:
        logger.warning("%s cannot be told of alarms: %s", receiver.name, words)
    mine.update(error=words[:500])
    mine.filter(tries__gte=TRIES).update(state=Delivery.State.DEAD)
    _set(
        receiver,
        failures=receiver.failures + 1,
        wait_until=timezone.now() + wait,
        error=words[:500],
    )


def _set(receiver: Receiver, **values: Any) -> None:
    Receiver.objects.filter(pk=receiver.pk).update(**values)


def send_test(receiver: Receiver) -> None:
    """Send a message that says it is a test, at once.

    Raises:
        NotSent: says what came back.
    """
    words = "iotbridge: this is a test message."
    data = {"events": [], "count": 0, "test": True}
    SENDERS[receiver.kind](receiver, Message(0, words, words + "\n", data, may_be_twice=False))
