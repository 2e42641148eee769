"""Notes: written, answered, changed, taken away; who is named, and who may do what."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from dashboards.boards import store
from dashboards.logbook import places, reading, writing
from dashboards.models import Mention, Note
from dashboards.models.notes import TEXT_LENGTH
from devices.access import Scope, scope_of
from devices.models import Device, Membership, Site

pytestmark = pytest.mark.usefixtures("tables")


class World:
    """Two halls, a press in one of them, and people."""

    def __init__(self) -> None:
        self.hall = Site.objects.create(slug="hall", name="Hall")
        self.other = Site.objects.create(slug="other", name="Other")
        self.press = Device.objects.create(key="press", site=self.hall)
        self.people = {
            name: self.person(name, role, site)
            for name, role, site in (
                ("anna", "operator", self.hall),
                ("ben", "operator", self.hall),
                ("vera", "viewer", self.hall),
                ("max", "manager", self.hall),
                ("zoe", "manager", self.other),
            )
        }

    @staticmethod
    def person(name: str, role: str, site: Site) -> Any:
        user = get_user_model().objects.create_user(name)
        Membership.objects.create(user=user, site=site, role=role)
        return user

    def __getattr__(self, name: str) -> Any:
        return self.people[name]

    def place(self, kind: str = "device", name: str = "press", who: str = "anna") -> places.Place:
        user = self.people[who]
        return places.find(kind, name, user, scope_of(user))

    def write(self, text: str = "Oil is low", who: str = "anna", **more: Any) -> Note:
        return writing.write(self.place(who=who), self.people[who], text, **more)


@pytest.fixture
def world() -> World:
    return World()


def seen(user: Any) -> list[str]:
    return [note.text for note in places.visible(user, scope_of(user))]


def test_numbers_rise_with_each_change(world: World) -> None:
    first, second = world.write("one"), world.write("two")
    assert second.seq == first.seq + 1
    changed = writing.change(first, world.anna, "ONE")
    assert (changed.seq, reading.newest()) == (second.seq + 1,) * 2
    assert writing.change(changed, world.anna, "ONE").seq == changed.seq


def test_what_a_note_said_before_is_kept(world: World) -> None:
    note = world.write("Oil is low")
    note = writing.change(note, world.anna, "Oil is high")
    note = writing.delete(note, world.max)
    assert (note.text, note.deleted_by) == ("", "max")
    told = [(one.text, one.by) for one in note.edits.all()]
    assert told == [("Oil is high", "max"), ("Oil is low", "anna")]
    assert writing.delete(note, world.anna).deleted_by == "max"
    with pytest.raises(ValidationError, match="taken away"):
        writing.change(note, world.anna, "again")


def test_answers_form_one_thread(world: World) -> None:
    note = world.write()
    answer = world.write("Filled up", "ben", parent=note)
    again = world.write("Thanks", parent=answer)
    assert (answer.parent_id, again.parent_id) == (note.pk, note.pk)
    at_site = world.place("site", "hall")
    with pytest.raises(ValidationError, match="something else"):
        writing.write(at_site, world.anna, "x", parent=note)


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (TEXT_LENGTH + 1), "x" * 1_000_000])
def test_a_text_that_cannot_be_is_refused(world: World, text: str) -> None:
    with pytest.raises(ValidationError):
        world.write(text)
    assert not Note.objects.exists()


@pytest.mark.parametrize(("since", "until"), [(5, 4), (-1, 4), (1, 10**18), (10**30, None)])
def test_a_span_that_cannot_be_is_refused(world: World, since: int, until: int | None) -> None:
    with pytest.raises(ValidationError):
        world.write(since=since, until=until)


def test_a_moment_is_a_span_without_length(world: World) -> None:
    note = world.write(since=5, metric="oil")
    assert (note.since, note.until, note.metric) == (5, 5, "oil")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ben look, @vera.", ["ben", "vera"]),
        ("(@ben): @ben @Ben", ["ben", "Ben"]),
        ("mail@ben @@ben @ ben", []),
        ("@anna.b@example.org!", ["anna.b@example.org"]),
        (" ".join(f"@u{n}" for n in range(99)), [f"u{n}" for n in range(20)]),
    ],
)
def test_names_are_found_in_texts(text: str, names: list[str]) -> None:
    assert writing.named_in(text) == names


def test_who_is_named_and_sees_it_is_told_until_they_have_read_it(world: World) -> None:
    note = world.write("@ben @zoe @anna @nobody: look")
    assert [one.user for one in Mention.objects.all()] == [world.ben]
    (told,) = reading.mentions(world.ben, scope_of(world.ben))
    assert told["text"].startswith("@ben")
    before = reading.newest()
    assert writing.read(world.ben, [note.pk]) == 1
    assert reading.newest() > before  # other pages look again
    assert reading.mentions(world.ben, scope_of(world.ben)) == []
    writing.change(note, world.anna, "@ben @vera")
    assert Mention.objects.filter(read_at=None).get().user == world.vera
    writing.delete(note, world.anna)
    assert not Mention.objects.exists()


def test_notes_are_seen_by_who_sees_their_place(world: World) -> None:
    world.write("of the press")
    writing.write(world.place("site", "hall"), world.anna, "of the hall")
    writing.write(world.place("site", "other", "zoe"), world.zoe, "of the other")
    store.make(world.anna, "Oil")
    writing.write(world.place("board", "oil"), world.anna, "of the board")
    assert sorted(seen(world.anna)) == ["of the board", "of the hall", "of the press"]
    assert sorted(seen(world.vera)) == ["of the hall", "of the press"]
    assert seen(world.zoe) == ["of the other"]
    with pytest.raises(LookupError):
        world.place("board", "oil", "ben")
    root = get_user_model().objects.create_superuser("root")
    assert len(seen(root)) == 4
    world.press.pending = True
    world.press.save()
    assert "of the press" not in seen(world.vera)


@pytest.mark.parametrize(
    ("who", "write", "change", "take"),
    [
        ("anna", True, True, True),
        ("ben", True, False, False),
        ("vera", False, False, False),
        ("max", True, False, True),
    ],
)
def test_who_may_do_what(world: World, who: str, write: bool, change: bool, take: bool) -> None:
    note, user = world.write(), world.people[who]
    scope = scope_of(user)
    assert places.may_write(world.place(who=who), user, scope) == write
    assert places.may_change(note, user, scope) == change
    assert places.may_delete(note, user, scope) == take
    told = reading.told(note, user, scope)
    assert (told["may_change"], told["may_delete"]) == (change, take)


def test_who_is_no_operator_any_more_changes_nothing(world: World) -> None:
    note = world.write()
    Membership.objects.filter(user=world.anna).update(role="viewer")
    assert not places.may_change(note, world.anna, scope_of(world.anna))
    assert not places.may_delete(note, world.anna, scope_of(world.anna))


def test_a_note_goes_with_its_place(world: World) -> None:
    world.write()
    world.press.delete()
    assert not Note.objects.exists()


def test_a_room_is_told_what_is_new(world: World) -> None:
    place, scope = world.place(), Scope(everything=True)
    notes = [world.write(f"n{number}") for number in range(60)]
    first = reading.in_room(place, 0, world.anna, scope)
    assert [one["text"] for one in first] == [f"n{number}" for number in range(10, 60)]
    last = first[-1]["seq"]
    assert reading.in_room(place, last, world.anna, scope) == []
    writing.change(notes[0], world.anna, "changed")
    (told,) = reading.in_room(place, last, world.anna, scope)
    assert (told["text"], told["edited"]) == ("changed", True)


def test_notes_are_found_by_words_author_and_time(world: World) -> None:
    world.write("Oil is low")
    world.write("Belt torn", "ben")
    notes = places.visible(world.anna, scope_of(world.anna))

    def found(**given: Any) -> list[str]:
        return [note.text for note in reading.Filters(**given).apply(notes)]

    assert found(search="oil low") == ["Oil is low"]
    assert found(search="ben") == ["Belt torn"]
    assert found(author="anna") == ["Oil is low"]
    assert found(since=0, until=1) == []
    assert len(found(since=0)) == 2


def test_nobody_writes_without_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "AN_HOUR", 2)
    world.write()
    world.write()
    with pytest.raises(ValidationError, match="2 notes this hour"):
        world.write()
    world.write(who="ben")
