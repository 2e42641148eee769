"""Pictures of boards and notes: sent, refused in words, seen by rights."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from dashboards.boards import copies, store
from dashboards.models import Note, Picture
from dashboards.pictures import storing
from dashboards.pictures.errors import BadPicture
from tests.dashboards.pictures.test_pictures import SVG, bomb, picture
from tests.dashboards.views.test_made_boards import anna, board, client_of, told

pytestmark = pytest.mark.usefixtures("tables")
__all__ = ["anna"]


def send(client: Client, path: str, data: bytes) -> Any:
    return client.post(path, data, content_type="image/png")


def test_a_picture_for_a_board(anna: Client) -> None:
    slug = board().slug
    made = send(anna, f"/api/v1/boards/{slug}/pictures", picture("PNG"))
    assert made.status_code == 201
    number = made.json()["id"]
    assert made.json() == {"id": number, "width": 40, "height": 20}
    answer = anna.get(f"/pictures/{number}")
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert client_of("bert").get(f"/pictures/{number}").status_code == 404
    assert Client().get(f"/pictures/{number}").status_code == 302


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing in this file"),
        (b"x", "no picture"),
        (bomb(9_000, 9_000), "million"),
        (bytes(5_000_001), "5 MB"),
    ],
)
def test_what_cannot_be_kept_is_told(anna: Client, data: bytes, words: str) -> None:
    answer = send(anna, f"/api/v1/boards/{board().slug}/pictures", data)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert not Picture.objects.exists()


def test_an_svg_is_sent_with_a_policy_that_lets_it_do_nothing(anna: Client) -> None:
    data = SVG.format("", "<script>alert(1)</script><rect width='3'/>").encode()
    number = send(anna, f"/api/v1/boards/{board().slug}/pictures", data).json()["id"]
    answer = anna.get(f"/pictures/{number}")
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"alert" not in answer.content
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_there_is_an_end_of_pictures(anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/api/v1/boards/{board().slug}/pictures"
    monkeypatch.setattr(storing, "OF_BOARD", 1)
    assert send(anna, path, picture("PNG")).status_code == 201
    assert "no more are kept" in send(anna, path, picture("PNG")).json()["detail"]
    monkeypatch.setattr(storing, "OF_BOARD", 9)
    monkeypatch.setattr(storing, "OF_PERSON", 100)
    assert "delete some" in send(anna, path, picture("PNG")).json()["detail"]


def test_a_copy_takes_the_pictures_of_its_board_and_no_others(anna: Client) -> None:
    """A specification may name any number: that of a board that one does not see, too."""
    shown, hidden = board(), board()
    pks = [
        send(anna, f"/api/v1/boards/{one.slug}/pictures", picture("PNG")).json()["id"]
        for one in (shown, hidden)
    ]
    widgets = [
        {"id": f"w{pk}", "kind": "picture", "options": {"picture": pk}, "x": 0, "y": 4 * n}
        | {"w": 4, "h": 4}
        for n, pk in enumerate(pks)
    ]
    shown.draft = {"version": 1, "widgets": widgets}
    shown.save()
    with transaction.atomic():
        copies.take_pictures(copy := store.make(shown.owner, "copy", shown.draft), shown.slug)
    mine = Picture.objects.get(board=copy)
    assert store.pictures_of(copy.draft) == {mine.pk, pks[1]}
    assert bytes(mine.data) == bytes(Picture.objects.get(pk=pks[0]).data)


def test_what_is_too_large_is_not_copied(anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = board()
    pk = send(anna, f"/api/v1/boards/{shown.slug}/pictures", picture("PNG")).json()["id"]
    options: dict[str, Any] = {"id": "w", "kind": "picture", "options": {"picture": pk}}
    draft = {"version": 1, "widgets": [{**options, "x": 0, "y": 0, "w": 4, "h": 4}]}
    monkeypatch.setattr(copies, "COPIED_BYTES", 10)
    copy = store.make(shown.owner, "copy", draft)
    with transaction.atomic(), pytest.raises(BadPicture, match="by hand"):
        copies.take_pictures(copy, shown.slug)


def test_pictures_go_with_a_note(anna: Client) -> None:
    note = {"text": "Leak", "device": "press"}
    number = anna.post("/api/v1/notes", note, content_type="application/json").json()["id"]
    told_now = send(anna, f"/api/v1/notes/{number}/pictures", picture("JPEG")).json()
    (one,) = told_now["pictures"]
    assert (one["width"], one["height"]) == (40, 20)
    assert anna.get(one["url"])["Content-Type"] == "image/jpeg"
    assert f'src="{one["url"]}"' in told(anna.get("/logbook"))
    assert f'src="{one["url"]}"' in told(anna.get("/devices/press/"))
    assert client_of("carl", "viewer").get(one["url"]).status_code == 200
    assert (
        client_of("bert", "manager")
        .post(f"/api/v1/notes/{number}/pictures", b"x", content_type="image/png")
        .status_code
        == 403
    )
    assert anna.delete(f"/api/v1/notes/{number}").status_code == 204
    assert anna.get(one["url"]).status_code == 404
    assert not Picture.objects.exists()


def test_pictures_of_a_form_without_javascript(anna: Client) -> None:
    file = SimpleUploadedFile("a.png", picture("PNG"), "image/png")
    form = {"kind": "device", "name": "press", "text": "Leak", "pictures": file}
    assert anna.post("/logbook", form).status_code == 302
    assert Note.objects.get().text == "Leak"
    assert Picture.objects.count() == 1
    broken = SimpleUploadedFile("a.png", b"x", "image/png")
    anna.post("/logbook", {**form, "pictures": broken})
    assert "no picture" in told(anna.get("/logbook"))
