"""A page names all modules that it needs, those that others import among them."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from dashboards.presentation import modules
from dashboards.widgets.registry import all_widgets
from tests.support.services import ROOT

# Widgets from this order on are placed by people alone.
BY_PEOPLE = 160
MAIN = (ROOT / "dashboards" / "static" / modules.ENTRY).read_text()


def test_what_a_module_imports_is_found_however_deep() -> None:
    found = modules.needed("device")
    assert found[0] == modules.ENTRY
    assert "dashboards/js/pages/device.js" in found
    assert "dashboards/js/vendor/uPlot/uPlot.esm.js" in found
    assert len(found) == len(set(found)) > 20
    assert "dashboards/js/vendor/uPlot/uPlot.esm.js" not in modules.needed("account")


def test_the_entry_loads_the_same_pages() -> None:
    loaded = set(re.findall(r'import\("\./pages/([a-z-]+)\.js"\)', MAIN))
    assert loaded == set(modules.PAGES.values())


def test_a_board_that_makes_itself_has_the_modules_of_all_its_widgets() -> None:
    found = modules.needed("site-board")
    by_themselves = {one.module for one in all_widgets() if one.order < BY_PEOPLE}
    assert len(by_themselves) == 5
    assert by_themselves <= set(found)


@pytest.mark.usefixtures("tables")
def test_a_page_names_them_in_its_head() -> None:
    boss = Client()
    boss.force_login(get_user_model().objects.create_superuser("boss"))
    head = boss.get("/").content.decode().partition("</head>")[0]
    assert head.count('rel="modulepreload"') == len(modules.needed("overview")) - 1
    assert "pages/overview.js" in head
