"""Boards as YAML: written, applied, the same again."""

import copy
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from dashboards.boards import store
from dashboards.models import Board
from devices.models import Site

pytestmark = pytest.mark.usefixtures("tables")
TEXT = {"id": "a", "kind": "text", "x": 0, "y": 0, "w": 3, "h": 2, "options": {"text": "grüß"}}


def run(*words: str) -> str:
    out = StringIO()
    call_command("boards", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def oil() -> Board:
    anna = get_user_model().objects.create_user("anna")
    site = Site.objects.create(slug="hall", name="Hall")
    more = {"site": site, "shared": "site", "device_type": "press"}
    return store.publish(store.make(anna, "Oil", {"widgets": [TEXT]}, **more), anna)


def test_a_file_makes_the_same_boards_elsewhere(oil: Board, tmp_path: Path) -> None:
    file = tmp_path / "boards.yaml"
    file.write_text(run("dump"))
    assert "grüß" in file.read_text()
    assert run("apply", str(file)) == "oil: same\n"
    oil.delete()
    assert run("apply", str(file), "--dry-run") == "oil: made\n"
    assert not Board.objects.exists()
    assert json.loads(run("apply", str(file), "--json")) == {"boards": {"oil": "made"}}
    made = Board.objects.get()
    told = (str(made.owner), made.site.slug if made.site else "", made.shared, made.device_type)
    assert told == ("anna", "hall", "site", "press")
    assert store.published(made) == made.draft
    assert run("dump", "oil") == file.read_text()
    assert run("apply", str(file)) == "oil: same\n"


def test_a_changed_file_is_a_new_revision(oil: Board, tmp_path: Path) -> None:
    found = yaml.safe_load(run("dump"))
    found["boards"][0]["specification"]["minutes"] = 5
    file = tmp_path / "boards.yaml"
    file.write_text(yaml.safe_dump(found))
    assert run("apply", str(file)) == "oil: changed\n"
    oil.refresh_from_db()
    assert oil.revision == 2
    assert oil.draft["minutes"] == 5


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"site": "mars"}, "oil: there is no site 'mars'"),
        ({"owner": "zoe"}, "oil: there is no user 'zoe'"),
        ({"colour": "red"}, "boards.1.colour"),
        ({"specification": {"widgets": [{**TEXT, "x": 11}]}}, "oil: specification: widgets.0"),
        ({"slug": "type"}, "type: "),
        ({"shared": "all"}, "boards.1.shared"),
    ],
)
def test_a_wrong_file_changes_nothing(oil: Board, tmp_path: Path, changed: Any, words: str) -> None:
    found = yaml.safe_load(run("dump"))
    # A copy of all of it: what is named twice would be written as an alias.
    fine = {**copy.deepcopy(found["boards"][0]), "slug": "fine"}
    file = tmp_path / "boards.yaml"
    file.write_text(yaml.safe_dump({"boards": [fine, {**found["boards"][0], **changed}]}))
    with pytest.raises(CommandError, match=words.replace("'", ".")):
        run("apply", str(file))
    assert list(Board.objects.values_list("slug", flat=True)) == ["oil"]


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run("apply", str(tmp_path / "none"))
    (tmp_path / "x").write_text("a: [")
    with pytest.raises(CommandError, match="no YAML"):
        run("apply", str(tmp_path / "x"))
    with pytest.raises(CommandError, match="no board nope"):
        run("dump", "nope")


def test_an_alias_is_refused_before_it_is_multiplied(tmp_path: Path) -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    file = tmp_path / "boards.yaml"
    file.write_text(f"l0: &l0 x\n{levels}boards: []\n")
    with pytest.raises(CommandError, match="aliases are not read here"):
        run("apply", str(file))
