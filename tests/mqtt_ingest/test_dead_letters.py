"""Dead letters: tried out, replayed without twins, discarded with a reason."""

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from devices.models import Loss, Reading, Source
from mqtt_ingest import dead_letters
from mqtt_ingest.models import DeadLetter
from tests.mqtt_ingest.storing.test_slot_writer import NOW, entry, make_writer, store
from tests.support.factories import make_entry

pytestmark = pytest.mark.usefixtures("tables")
LIST = "admin:mqtt_ingest_deadletter_changelist"


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


def strict_letters(settings: Any, count: int = 3) -> None:
    """Keep packets as dead letters that can be read once the limit is raised."""
    settings.MAX_SAMPLES_PER_PACKET = 2
    from mqtt_ingest.conf import routes
    from mqtt_ingest.core.pipeline import Router, decode
    from tests.support.factories import make_packet

    body = {"ts": NOW, "a": 1, "b": 2, "c": 3}
    store(
        make_writer(),
        *(
            decode(make_packet(f"devices/d{n}/telemetry", json.dumps(body)), Router(routes()))
            for n in range(count)
        ),
    )
    assert DeadLetter.objects.filter(reason="too_many_samples").count() == count
    settings.MAX_SAMPLES_PER_PACKET = 1_000


def test_replay_stores_what_can_be_read_now_and_only_once(settings: Any) -> None:
    strict_letters(settings)
    letters = list(DeadLetter.objects.all())
    result = dead_letters.replay(letters)
    assert (result.gone, result.readings, result.stay) == (3, 9, {})
    assert DeadLetter.objects.count() == 0
    for letter in letters:
        letter.pk = None
        letter.save()
    assert dead_letters.replay(DeadLetter.objects.all()).readings == 0
    assert Reading.objects.count() == 9


def test_what_still_cannot_be_read_stays_with_its_reason() -> None:
    store(make_writer(), make_entry("nonsense"))
    result = dead_letters.replay(DeadLetter.objects.all())
    assert (result.gone, result.stay) == (0, {"not_json": 1})
    assert DeadLetter.objects.count() == 1


def test_a_conflict_stays_one_conflict_however_often_it_is_replayed() -> None:
    writer = make_writer()
    store(writer, entry({"ts": NOW, "t": 1}))
    store(writer, entry({"ts": NOW, "t": 2}))
    for _turn in range(2):
        assert dead_letters.replay(DeadLetter.objects.all()).stay == {"conflict": 1}
    assert DeadLetter.objects.count() == 1
    assert Reading.objects.get().value == 1.0


def test_packets_without_own_time_keep_their_arrival(settings: Any) -> None:
    store(make_writer(), make_entry('{"a": 1}', "plant/x"))
    letter = DeadLetter.objects.get()
    letter.topic = "devices/x/telemetry"
    letter.save()
    assert dead_letters.replay([letter]).gone == 1
    assert Reading.objects.get().ts == round(letter.received_at.timestamp() * 1e6)


def test_of_packets_alike_the_first_and_the_last_are_replayed(settings: Any) -> None:
    store(make_writer(), *(make_entry(f"oops {n}") for n in range(3)))
    letter = DeadLetter.objects.get()
    letter.payload, letter.last_payload = (
        b'{"ts": 1763681624, "a": 1}',
        b'{"ts": 1763681625, "a": 2}',
    )
    letter.save()
    assert dead_letters.replay([letter]).readings == 2


def test_only_one_replays_at_a_time() -> None:
    make_writer(dead_letters.WRITER)
    with pytest.raises(dead_letters.BusyError):
        dead_letters.replay([])


def test_without_time_left_letters_stay(settings: Any) -> None:
    strict_letters(settings, 2)
    result = dead_letters.replay(DeadLetter.objects.all(), seconds=0)
    assert (result.gone, sum(result.stay.values())) == (0, 2)
    assert "no time left" in result.words()


def test_the_list_groups_by_reason_and_device(staff: Client) -> None:
    store(make_writer(), *(make_entry(f"oops {n}") for n in range(3)))
    page = staff.get(reverse(LIST)).content.decode()
    assert "By reason and device" in page
    assert "press-3" in page
    assert "not_json" in page


def test_a_letter_shows_text_json_hex_and_what_would_become_of_it(staff: Client) -> None:
    store(make_writer(), make_entry('{"a": "<b>"}', "plant/x"))
    letter = DeadLetter.objects.get()
    page = staff.get(reverse("admin:mqtt_ingest_deadletter_change", args=[letter.pk]))
    text = page.content.decode()
    assert "7b 22 61 22" in text
    assert "&quot;a&quot;: &quot;&lt;b&gt;&quot;" in text
    assert "still a dead letter: no_route" in text
    letter.topic = "devices/x/telemetry"
    letter.save()
    text = staff.get(reverse("admin:mqtt_ingest_deadletter_change", args=[letter.pk]))
    assert "x/a = &lt;b&gt; (text)" in text.content.decode()
    answer = staff.post(reverse("admin:mqtt_ingest_deadletter_change", args=[letter.pk]))
    assert answer.status_code == 302
    assert Reading.objects.get().text == "<b>"


def test_discarding_asks_for_a_reason_and_records_it(staff: Client) -> None:
    store(make_writer(), *(make_entry(f"oops {n}") for n in range(3)))
    chosen = {"action": "discard_selected", "_selected_action": [DeadLetter.objects.get().pk]}
    asked = staff.post(reverse(LIST), chosen)
    assert "3 packets will be removed" in asked.content.decode()
    assert DeadLetter.objects.count() == 1
    staff.post(reverse(LIST), {**chosen, "why": "a test device"})
    assert DeadLetter.objects.count() == 0
    loss = Loss.objects.get()
    assert (loss.reason, loss.packets, loss.detail) == (
        "dead_letters_discarded",
        3,
        "a test device",
    )
    assert LogEntry.objects.get().change_message == "a test device"


def test_replaying_from_the_list_tells_what_became_of_them(settings: Any, staff: Client) -> None:
    strict_letters(settings)
    store(make_writer(), make_entry("nonsense"))
    keys = list(DeadLetter.objects.values_list("pk", flat=True))
    answer = staff.post(
        reverse(LIST), {"action": "replay_selected", "_selected_action": keys}, follow=True
    )
    assert "3 replayed, 9 readings stored; 1 stays: not_json" in answer.content.decode()


def test_the_command_lists_replays_and_discards(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    strict_letters(settings)
    store(make_writer(), make_entry("nonsense"))
    call_command("deadletters")
    assert "too_many_samples" in capsys.readouterr().out
    call_command("deadletters", "--replay", "--device", "d1")
    assert "1 replayed, 3 readings stored" in capsys.readouterr().out
    call_command("deadletters", "--discard", "tests", "--reason", "not_json")
    assert "1 packet discarded" in capsys.readouterr().out
    assert DeadLetter.objects.count() == 2


def test_a_disabled_device_keeps_its_letters(settings: Any) -> None:
    strict_letters(settings, 1)
    Source.objects.update(registration="reject")
    assert dead_letters.replay(DeadLetter.objects.all()).stay == {"refused: registration": 1}
