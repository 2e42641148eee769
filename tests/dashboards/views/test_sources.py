"""Sources: their options are edited as a form, tried out, kept as YAML, and made of examples."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from devices.models import Broker, Source
from devices.source_port import Tried, TryOut
from mqtt_ingest.models import DeadLetter
from mqtt_ingest.source_editing import SourceEditing
from tests.support.forms import visit

pytestmark = pytest.mark.usefixtures("tables")
YAML = "- topic: hall/{device}/{metric}\n"


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


@pytest.fixture
def mine() -> Source:
    options = {"templates": [{"topic": "hall/{device}/{metric}", "zone": "Europe/Berlin"}]}
    return Source.objects.create(name="mine", convention="templates", options=options)


def kept(topic: str = "plant/a/t", slot: str = "ingest-0") -> DeadLetter:
    return DeadLetter.objects.create(
        received_at=timezone.now(),
        slot=slot,
        topic=topic,
        payload=b"21.5",
        qos=1,
        reason="no_route",
    )


@pytest.mark.parametrize("path", ["/sources", "/sources/native", "/sources/native.yaml"])
def test_whoever_may_not_see_sources_does_not(path: str) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_user("vera"))
    assert client.get(path).status_code == 403
    assert client.post(path, {"save": "1"}).status_code in {403, 405}


def test_who_may_look_may_not_change(mine: Source) -> None:
    user = get_user_model().objects.create_user("sam", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_source"))
    client = Client()
    client.force_login(user)
    page = client.get("/sources").content.decode()
    assert "mine" in page
    assert "/sources/mine" not in page
    assert "Make a Source" not in page
    assert client.post("/sources", {"name": "new"}).status_code == 403
    assert client.get("/sources/mine").status_code == 403


def test_options_are_shown_and_saved_as_they_are(boss: Client) -> None:
    source = Source.objects.create(name="z", convention="sparkplug_b", options={"groups": ["g1"]})
    page = boss.get("/sources/z").content.decode()
    assert "Sparkplug" in page
    assert "publishes to your broker" in page
    answer = boss.post("/sources/z", {"groups": "g1\ng2", "rebirth": "on", "save": "1"})
    assert answer.status_code == 302
    source.refresh_from_db()
    assert source.options == {"groups": ["g1", "g2"], "rebirth": True}
    boss.post("/sources/z", {"groups": "", "save": "1"})
    source.refresh_from_db()
    assert source.options == {}


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    boss: Client, mine: Source
) -> None:
    text = "- topic: a/{b\n  <i>: 1\n"
    answer = boss.post("/sources/mine", {"templates": text, "save": "1"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'id="id_templates_error"' in page
    assert "a brace is not closed" in page
    assert "topic: a/{b" in page
    assert "<i>" not in page
    before = mine.options
    mine.refresh_from_db()
    assert mine.options == before


def test_templates_come_and_go_as_files(boss: Client, mine: Source) -> None:
    answer = boss.get("/sources/mine.yaml")
    assert answer["Content-Disposition"] == 'attachment; filename="mine.yaml"'
    assert answer.content.decode().startswith("templates:\n- topic: hall/{device}/{metric}\n")
    file = SimpleUploadedFile("mine.yaml", answer.content.replace(b"hall", b"yard"))
    boss.post("/sources/mine", {"templates": YAML, "file": file, "save": "1"})
    mine.refresh_from_db()
    assert mine.options["templates"][0]["topic"] == "yard/{device}/{metric}"
    assert mine.options["templates"][0]["zone"] == "Europe/Berlin"
    bad = SimpleUploadedFile("bad.yaml", b"\xff\xfe")
    page = boss.post("/sources/mine", {"templates": YAML, "file": bad, "save": "1"})
    assert (page.status_code, "no text in UTF-8" in page.content.decode()) == (400, True)
    assert boss.get("/sources/native.yaml").content == b""


def test_trying_out_shows_what_would_be_read_and_saves_nothing(
    boss: Client, mine: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def try_out(_self: Any, source: Source, seconds: float) -> TryOut:
        asked.append((source.options, seconds))
        read = Tried("hall/<b>/t", "21.5", ("press/t = 21.5 °C",), is_read=True)
        unread = Tried("hall/x", "?", ("not_json: x",), is_read=False, is_kept=True)
        return TryOut([read, unread], ["yard/gate"], "")

    monkeypatch.setattr(SourceEditing, "try_out", try_out)
    page = boss.post("/sources/mine", {"templates": YAML, "try": "1"}).content.decode()
    assert asked == [({"templates": [{"topic": "hall/{device}/{metric}"}]}, 3.0)]
    assert "hall/&lt;b&gt;/t" in page
    assert "press/t = 21.5 °C" in page
    assert "■ not_json: x" in page
    assert "yard/gate" in page
    before = mine.options
    mine.refresh_from_db()
    assert mine.options == before


def test_a_kept_packet_becomes_a_template_in_two_steps(boss: Client) -> None:
    letter = kept()
    inbox = boss.get(f"/admin/mqtt_ingest/deadletter/{letter.pk}/change/").content.decode()
    assert f'href="/sources?letter={letter.pk}"' in inbox
    page = boss.get(f"/sources?letter={letter.pk}").content.decode()
    assert 'value="structure"' in page
    made = boss.post(f"/sources?letter={letter.pk}", {"name": "structure", "broker": ""})
    assert made["Location"] == f"/sources/structure?letter={letter.pk}"
    (area,) = visit(boss, made["Location"]).tree.xpath("//textarea")
    text = area.text_content()
    assert "topic: plant/" in text
    boss.post("/sources/structure", {"templates": text, "save": "1"})
    assert (
        "1 packet that could not be read is kept" in boss.get("/sources/structure").content.decode()
    )
    answer = boss.post("/sources/structure", {"kept": "1"}, follow=True)
    assert "1 reading" in answer.content.decode()
    assert not DeadLetter.objects.exists()
    # The next goes to the Source that there is.
    again = kept("yard/b/t")
    assert boss.get(f"/sources?letter={again.pk}")["Location"] == (
        f"/sources/structure?letter={again.pk}"
    )


def test_a_kept_packet_of_another_broker_is_read_there(boss: Client, mine: Source) -> None:
    home = Broker.objects.create(name="home", addresses="mqtt://h:1")
    letter = kept(slot="home-ingest-0")
    page = boss.get(f"/sources?letter={letter.pk}").content.decode()
    assert 'value="structure-home"' in page
    given = {"name": "structure-home", "broker": str(home.pk)}
    boss.post(f"/sources?letter={letter.pk}", given)
    assert Source.objects.get(name="structure-home").broker == home


def test_a_name_that_is_taken_or_none_is_refused(boss: Client, mine: Source) -> None:
    for name, words in (("mine", "There is a Source of this name"), ("a b", "Enter a valid")):
        answer = boss.post("/sources", {"name": name, "broker": ""})
        assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert boss.get("/sources/nobody").status_code == 404
    assert boss.get("/sources?letter=999").status_code == 200
    assert boss.get("/sources/mine?letter=999").status_code == 200


def test_a_source_of_an_unknown_convention_opens(boss: Client) -> None:
    Source.objects.create(name="odd", convention="nobody")
    assert "It has no options" in boss.get("/sources/odd").content.decode()


def test_whoever_may_see_no_packets_tries_nothing_out(mine: Source) -> None:
    user = get_user_model().objects.create_user("sam", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_source"))
    client = Client()
    client.force_login(user)
    assert "Try out" not in client.get("/sources/mine").content.decode()
    assert client.post("/sources/mine", {"templates": YAML, "try": "1"}).status_code == 403
    assert client.post("/sources/mine", {"templates": YAML, "save": "1"}).status_code == 302


@pytest.mark.parametrize(
    "text",
    [
        "- {topic: !!int ''}",
        "- {topic: !!timestamp x}",
        "- {topic: !!bool x}",
        "- {topic: a, device: x, values: {a: '" + "(" * 3_000 + "'}}",
        "- {topic: a, device: x, values: {a: '" + "!" * 3_000 + "'}}",
        "- {topic: '{device:" + "(" * 2_000 + "a" + ")" * 2_000 + "}'}",
        "- {topic: '{device}/a', device: '{device[a]}'}",
        "- {topic: '{device}/a', metrics: {t: {scale: .nan}}}",
        "- {topic: '{device}/a', metrics: {t: {texts: {b: .inf}}}}",
        '- {topic: "{device}/a\\0b"}',
        '- {topic: "{device}/\\ud800"}',
    ],
)
def test_odd_templates_are_refused_in_words(boss: Client, mine: Source, text: str) -> None:
    answer = boss.post("/sources/mine", {"templates": text, "save": "1"})
    assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (400, True)
