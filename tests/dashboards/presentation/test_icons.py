"""Icons: those that pages use are in the sprite, which is as npm's package has them."""

import re

import pytest

from dashboards.presentation.icons import ICONS
from dashboards.presentation.shell import _entries
from dashboards.templatetags.display import icon
from tests.support import make_icons
from tests.support.services import ROOT

USED = re.compile(r'\{% icon "([a-z0-9-]+)" %\}')


def test_the_sprite_is_fresh() -> None:
    assert make_icons.PACKAGE.is_dir(), "npm ci brings lucide-static"
    assert (make_icons.FOLDER / "lucide.svg").read_text() == make_icons.sprite()
    assert "ISC License" in (make_icons.FOLDER / "LICENSE").read_text()


def test_every_icon_of_a_page_is_in_the_sprite() -> None:
    templates = (ROOT / "dashboards" / "templates").rglob("*.html")
    used = {name for path in templates for name in USED.findall(path.read_text())}
    assert used
    assert used | {entry.icon for entry in _entries} <= set(ICONS)


def test_another_one_is_an_error() -> None:
    assert 'aria-hidden="true"' in icon("search")
    with pytest.raises(LookupError, match="no icon 'unicorn'"):
        icon("unicorn")
