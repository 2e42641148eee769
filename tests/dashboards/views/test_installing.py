"""The manifest, its icons, and the page that stands in while the server is away."""

import json
import struct
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import find
from django.test import Client

pytestmark = pytest.mark.usefixtures("tables")


def test_the_manifest_names_icons_that_there_are_of_the_size_that_it_says() -> None:
    answer = Client().get("/manifest.webmanifest", headers={"accept-language": "de"})
    assert answer["Content-Type"] == "application/manifest+json"
    manifest = json.loads(answer.content)
    assert (manifest["lang"], manifest["start_url"], manifest["display"]) == (
        *("de", "/", "standalone"),
    )
    assert [one["name"] for one in manifest["shortcuts"]] == [
        *("Geräte", "Tafeln", "Logbuch", "Status")
    ]
    sizes = {}
    for icon in manifest["icons"]:
        name = "dashboards/" + icon["src"].rpartition("/")[2]
        content = Path(str(find(name))).read_bytes()
        if icon["type"] == "image/png":
            width, height = struct.unpack(">II", content[16:24])
            assert f"{width}x{height}" == icon["sizes"]
            sizes[icon["sizes"]] = icon.get("purpose", "any")
    assert set(sizes) == {"192x192", "512x512"}
    assert {icon.get("purpose") for icon in manifest["icons"]} == {None, "maskable"}


def test_the_worker_is_of_this_release_and_language_and_keeps_one_page() -> None:
    texts = {}
    for language in ("en", "de"):
        answer = Client().get("/service-worker.js", headers={"accept-language": language})
        assert answer["Content-Type"].startswith("text/javascript")
        texts[language] = answer.content.decode()
    assert texts["en"] != texts["de"]
    assert 'const PAGE = "/offline";' in texts["en"]
    page = Client().get("/offline").content.decode()
    assert "The server does not answer." in page
    assert "/static/" in page
    # It is shown to whoever is at the browser: nothing in it is of a person.
    assert "csrf" not in page


def test_pages_name_the_manifest() -> None:
    assert '<link rel="manifest" href="/manifest.webmanifest">' in (
        Client().get("/login/").content.decode()
    )
