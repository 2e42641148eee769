"""The inbox by shape: what is alike is one line, with a topic that all of it matches."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from mqtt_ingest.inbox import by_shape
from mqtt_ingest.models import DeadLetter

pytestmark = pytest.mark.usefixtures("tables")


def keep(topic: str, payload: bytes, reason: str = "no_route", number: int = 1) -> DeadLetter:
    given: dict[str, Any] = {"slot": "ingest-0", "qos": 1, "digest": b"x" * 16}
    return DeadLetter.objects.create(
        received_at=timezone.now(),
        topic=topic,
        payload=payload,
        reason=reason,
        number=number,
        **given,
    )


def shapes() -> dict[str, tuple[int, int]]:
    return {
        one.pattern: (one.packets, len(one.topics)) for one in by_shape(DeadLetter.objects.all())
    }


def test_topics_that_differ_in_a_level_with_payloads_alike_are_one() -> None:
    for number in range(5):
        keep(f"plant/press-{number}/oil", b'{"t": %d, "p": 1.5}' % number, number=2)
    keep("plant/press-1/oil", b'{"p": 7, "t": 1}')
    keep("plant/press-1/state", b"running")
    keep("home/press-1/oil", b'{"t": 1, "p": 1.5}')
    assert shapes() == {
        "plant/+/oil": (11, 5),
        "plant/press-1/state": (1, 1),
        "home/press-1/oil": (1, 1),
    }


def test_those_of_most_packets_come_first_and_reasons_are_apart() -> None:
    keep("a/1", b"1", number=3)
    keep("a/2", b"2", reason="not_json", number=9)
    found = by_shape(DeadLetter.objects.all())
    assert [(one.reason, one.packets, one.payload) for one in found] == [
        ("not_json", 9, "2"),
        ("no_route", 3, "1"),
    ]


@pytest.mark.parametrize(
    "payload", [b"", b"\xff\x00\x01", b"[" * 2_000, b'{"a":' * 400, b"x" * 9_000]
)
def test_any_payload_has_a_shape(payload: bytes) -> None:
    keep("a/b", payload)
    keep("a/c", payload)
    assert shapes() == {"a/+": (2, 2)}


def test_from_a_line_of_the_inbox_one_click_begins_a_template() -> None:
    letter = keep("plant/press-1/<b>oil</b>", b'{"t": 1}')
    boss = Client()
    boss.force_login(get_user_model().objects.create_superuser("boss"))
    page = boss.get("/admin/mqtt_ingest/deadletter/").content.decode()
    assert "plant/press-1/&lt;b&gt;oil&lt;/b&gt;" in page
    assert f'href="/sources?letter={letter.pk}"' in page
    assert boss.get(f"/sources?letter={letter.pk}", follow=True).status_code == 200
