"""Static files: kept for ever under an address that changes with them, and compressed."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from iotbridge import static_version

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def staff() -> Client:
    get_user_model().objects.create_superuser("root", password="root")
    client = Client()
    client.login(username="root", password="root")
    return client


def body(answer: Any) -> bytes:
    content = b"".join(getattr(answer, "streaming_content", None) or [answer.content])
    answer.close()
    return content


def test_the_hash_changes_with_content_names_and_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "some_app" / "static"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    (folder / "a.js").write_text("1")
    seen = {static_version.digest(["some_app"])}
    (folder / "a.js").write_text("2")
    seen.add(static_version.digest(["some_app"]))
    (folder / "a.js").rename(folder / "b.js")
    seen.add(static_version.digest(["some_app"]))
    assert len(seen) == 3
    assert (
        static_version.digest(["some_app", "not_there", "iotbridge.apps.IotbridgeConfig"]) in seen
    )


def test_every_static_file_of_a_page_is_kept_for_ever_and_compressed(staff: Client) -> None:
    page = staff.get("/").content.decode()
    urls = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert len(urls) >= 3
    for url in urls:
        assert url.startswith(f"/{settings.STATIC_URL.strip('/')}/")
        answer = staff.get(url, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer["Cache-Control"]
        plain = staff.get(url)
        content = body(plain)
        if answer.has_header("Content-Encoding"):
            assert gzip.decompress(body(answer)) == content
        else:
            assert not answer["Content-Type"].startswith("text/")
            answer.close()


def test_pages_and_answers_are_compressed_and_files_in_parts_are_not(staff: Client) -> None:
    for path in ("/", "/api/v1/openapi.json"):
        answer = staff.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in staff.get(path).headers
    css = re.search(r'href="(/static/[^"]+css)"', staff.get("/").content.decode())
    assert css
    headers = {"Accept-Encoding": "gzip", "Range": "bytes=0-99"}
    part = staff.get(css[1], headers=headers)
    assert (part.status_code, "Content-Encoding" in part.headers) == (206, False)
    assert len(body(part)) == 100


@pytest.mark.parametrize("old", ["0123456789ab/", ""])
def test_a_page_of_another_release_is_sent_to_what_there_is(staff: Client, old: str) -> None:
    answer = staff.get(f"/static/{old}dashboards/js/main.js")
    assert answer.status_code == 302
    assert answer["Location"] == f"/{settings.STATIC_URL.strip('/')}/dashboards/js/main.js"
    assert answer["Cache-Control"] == "no-store"
    assert staff.get(f"/static/{old}nothing.js").status_code == 404
    assert staff.get(f"/static/{old}../settings.py").status_code in {400, 404}


def test_a_file_of_this_release_that_is_not_served_is_not_sent_round_in_circles(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.views.devices.find", lambda _path: __file__)
    assert staff.get(f"/{settings.STATIC_URL.strip('/')}/new.js").status_code == 404
