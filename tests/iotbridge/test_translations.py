"""Pages speak the reader's language: every text is marked, every catalogue complete."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone, translation

from dashboards.boards import store
from dashboards.logbook import places, writing
from devices.models import Device, Kiosk, Series, Site
from devices.storage import losses
from tests.support.services import ROOT, find

LOCALE = ROOT / "iotbridge" / "locale"
LANGUAGES = sorted(folder.name for folder in LOCALE.iterdir())
SILENT = {"script", "style", "code", "pre"}
ATTRIBUTES = {"aria-label", "title", "placeholder", "alt"}
# Names, units, times and what people type as it is.
DATA = re.compile(
    r"\b(?:iotbridge|native|press-3|hall|Press hall|boss|UTC|JSON Lines|CSV|Parquet|Python|QoS|"
    r"press|oil\.temperature|running|hour|day|week|month|year|Europe/Berlin|devices/\S+)\b|"
    r"\d{4}-\d\d-\d\d\S*|mqtt://[\d.:]+"
)
PAGES = (
    "/", "/?search=nothing", "/devices/press-3/", "/devices/press-3/corrections", "/boards/",
    "/boards/site/hall/", "/boards/type/?type=press", "/wall/hall/", "/status", "/connect", "/jobs",
    "/sources", "/sources/native", "/account/", "/pending", "/devices/press-3/settings",
    "/?view=sites",
    "/boards/oil/", "/boards/oil/edit", "/boards/oil/settings", "/logbook", "/logbook?mentions=1",
    "/devices/press-3/events", "/devices/press-3/history", "/devices/press-3/history?by=day",
    "/devices/press-3/connection", "/boards/oil/share", "/shared/wrong/", "/sites/",
    "/?metric=running&sort=name", "/export", "/import", "/inspect", "/devices/nobody/",
)  # fmt: skip


class Texts(HTMLParser):
    """What a page says to people: its texts, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # What is in English for everybody says so.
        if tag in SILENT or (tag != "html" and ("lang", "en") in attrs):
            self._silent.append(tag)
        self.found += [value or "" for name, value in attrs if name in ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def untranslated(html: str) -> list[str]:
    """Return what is left of a page when marked texts and data are taken out."""
    texts = Texts()
    texts.feed(html)
    # A marked text may have elements in it, and other marked texts.
    left, more = "\n".join(texts.found), 1
    while more:
        left, more = re.subn(r"⟦[^⟦⟧]*⟧", "", left)
    lines = DATA.sub("", left).splitlines()
    return [text.strip() for text in lines if re.search(r"[A-Za-z]{2,}", text)]


@pytest.fixture
def _marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show which texts go through gettext."""
    given = {
        "gettext": lambda text: f"⟦{text}⟧",
        "ngettext": lambda one, many, n: f"⟦{one if n == 1 else many}⟧",
        "pgettext": lambda _context, text: f"⟦{text}⟧",
    }
    for name, work in given.items():
        monkeypatch.setattr(translation._trans, name, work)


@pytest.fixture
def boss() -> Client:
    site = Site.objects.create(slug="hall", name="Press hall")
    device = Device.objects.create(
        key="press-3", site=site, device_type="press", last_seen=timezone.now()
    )
    for metric, kind in (("oil.temperature", "number"), ("running", "boolean")):
        Series.objects.create(device=device, metric=metric, kind=kind, unit="°C")
    Device.objects.create(key="press-4", site=site, pending=True)
    Kiosk.objects.create(name="Door", site=site)
    losses.record("throttled", 1, 2, 5, device_id=device.pk)
    client = Client()
    user = get_user_model().objects.create_superuser("boss")
    client.force_login(user)
    value = {"id": "a", "kind": "value", "x": 0, "y": 0, "w": 3, "h": 3}
    widgets = [{**value, "options": {"key": "$press/oil.temperature"}}]
    variables = [{"name": "press", "kind": "device"}]
    board = store.make(user, "press", {"widgets": widgets, "variables": variables}, "oil")
    store.publish(board, user)
    note = writing.write(places.Place("device", device), user, "press", since=1)
    writing.write(places.Place("device", device), user, "press", parent=note)
    return client


@pytest.mark.usefixtures("tables", "_marked")
@pytest.mark.parametrize("path", PAGES)
def test_every_text_of_a_page_is_marked_for_translation(boss: Client, path: str) -> None:
    html = boss.get(path).content.decode()
    assert "⟦" in html
    assert untranslated(html) == []


@pytest.mark.usefixtures("tables")
def test_a_page_is_in_the_language_that_the_browser_asks_for(boss: Client) -> None:
    german = boss.get("/devices/press-3/", headers={"accept-language": "de-AT,de;q=0.9"})
    html = german.content.decode()
    assert '<html lang="de">' in html
    assert "Werte als Tabelle" in html
    assert '<script src="/words.js">' in html
    catalogue = boss.get("/words.js", headers={"accept-language": "de"}).content.decode()
    assert "Keine Messwerte in diesem Zeitraum." in catalogue
    for state in ("online", "stale", "offline", "never", "not live"):
        assert f'"{state}":' in catalogue
    english = boss.get("/devices/press-3/", headers={"accept-language": "xx"}).content.decode()
    assert '<html lang="en">' in english
    assert "words.js" not in english


def test_scripts_say_nothing_that_is_not_marked() -> None:
    """Words are put on a page by `textContent`, `setAttribute("aria-…")` or `tell`."""
    shown = re.compile(
        r"(?:textContent = |tell\(|aria-(?:label|valuetext)\", )[\"`]\$?\{?[A-Za-z]{3,}"
    )
    found = [
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "dashboards" / "static" / "dashboards" / "js").rglob("*.js")
        if "vendor" not in path.parts
        for line in path.read_text().splitlines()
        if shown.search(line) and "gettext" not in line
    ]
    assert found == []


def entries(path: Path) -> dict[str, str]:
    """Return message and translation of a catalogue, as they are written."""
    blocks = path.read_text().split("\n\n")[1:]
    found = {}
    for block in blocks:
        parts = re.search(r'^msgid ((?:".*"\n?)+)(.*)', block, re.S | re.M)
        assert parts is not None, block
        found[parts.group(1)] = parts.group(2)
    return found


@pytest.mark.services
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_complete_and_compiled(language: str, tmp_path: Path) -> None:
    find("xgettext", "gettext")
    for name in ("dashboards", "devices", "mqtt_ingest", "iotbridge"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("vendor"))
    for domain in ("django", "djangojs"):
        made = tmp_path / "iotbridge" / "locale" / language / "LC_MESSAGES" / f"{domain}.po"
        before = entries(made)
        command = [sys.executable, "-m", "django", "makemessages", "-l", language, "-d", domain]
        command += ["--no-location", "--no-wrap"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=_env(tmp_path))
        after = entries(made)
        assert set(after) == set(before), set(after) ^ set(before)
        assert "#, fuzzy" not in made.read_text()
        empty = [key for key, words in before.items() if 'msgstr ""' in words or '] ""' in words]
        assert empty == []
        compiled = made.with_suffix(".new")
        written = LOCALE / language / "LC_MESSAGES" / domain
        subprocess.run(
            ["msgfmt", "--check-format", "-o", compiled, written.with_suffix(".po")], check=True
        )
        assert compiled.read_bytes() == written.with_suffix(".mo").read_bytes()


def _env(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": f"{folder}:{ROOT}",
    }
