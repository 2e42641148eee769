"""The documentation says what there is: every setting, command, topic and frame."""

import re
from pathlib import Path

import pytest

from mqtt_ingest.core import conventions
from tests.support.services import ROOT

DOCS = ROOT / "docs"


def settings_in_code() -> set[str]:
    code = (ROOT / "iotbridge" / "settings.py").read_text()
    kinds = "text|integer|boolean|choice|names|url|apps|address|origins?|tiles|networks|mail"
    calls = rf'env\.(?:{kinds})\(\s*"([A-Z_]+)"'
    return set(re.findall(calls, code)) - {"IOTBRIDGE_STANDALONE"}


def test_every_setting_is_documented() -> None:
    page = (DOCS / "reference" / "settings.md").read_text()
    for name in settings_in_code():
        assert f"`{name}`" in page, name


def test_every_documented_setting_exists() -> None:
    page = (DOCS / "reference" / "settings.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)`", page, re.MULTILINE))
    assert documented - {"LAN"} == settings_in_code()


def test_every_command_is_documented() -> None:
    page = (DOCS / "reference" / "commands.md").read_text()
    for path in ROOT.glob("*/management/commands/*.py"):
        if path.stem != "__init__":
            assert f"manage.py {path.stem}" in page, path.stem


@pytest.mark.parametrize(
    "target",
    [
        *("install", "demo", "test", "test-fast", "test-postgresql", "newcomer", "check"),
        *("docs", "coverage", "bench", "faults", "soak", "screenshots", "release"),
    ],
)
def test_every_target_is_documented(target: str) -> None:
    page = (DOCS / "reference" / "commands.md").read_text()
    assert re.search(rf"`make {target}(?: [A-Z]+=\w+)?`", page)
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_convention_is_documented() -> None:
    page = (DOCS / "reference" / "conventions.md").read_text()
    missing = [name for name in conventions.names() if f"| `{name}` |" not in page]
    assert missing == []


def test_every_frame_is_documented() -> None:
    page = (DOCS / "reference" / "frames.md").read_text()
    code = "".join(path.read_text() for path in (ROOT / "dashboards" / "live").glob("*.py"))
    code += (ROOT / "dashboards" / "consumers.py").read_text()
    frames = set(re.findall(r'"t": "(\w+)"', code)) | set(re.findall(r'case "(\w+)"', code))
    for frame in frames:
        assert f"`{frame}`" in page, frame


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not target.startswith(("http", "mailto")):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_files_of_the_packets_way_exist() -> None:
    page = (DOCS / "explanation" / "architecture.md").read_text()
    table = page.split("## ")[0]
    named = re.findall(r"`([a-z_]+/[\w/.]+\.(?:py|js))`", table)
    assert len(named) >= 8
    for name in named:
        assert (ROOT / name).is_file(), name


PATHS = r"`((?:devices|mqtt_ingest|dashboards|iotbridge|tests)/[\w/.-]+)`"


@pytest.mark.parametrize(
    "page",
    [*DOCS.glob("explanation/*"), *DOCS.glob("contributing/*"), *DOCS.glob("reference/*")],
    ids=lambda page: page.stem,
)
def test_files_that_a_page_names_exist(page: Path) -> None:
    for name in re.findall(PATHS, page.read_text()):
        assert (ROOT / name).exists() or name.endswith(("NAME.py", "NAME.json")), name


def test_every_page_is_in_the_site() -> None:
    index = (DOCS / "index.md").read_text()
    for page in DOCS.rglob("*.md"):
        if page.name != "index.md":
            name = page.relative_to(DOCS).with_suffix("").as_posix()
            assert re.search(rf"^{name}$", index, re.MULTILINE), name


def test_every_dependency_has_its_reason() -> None:
    page = (DOCS / "explanation" / "dependencies.md").read_text()
    project = (ROOT / "pyproject.toml").read_text()
    block = project.split("dependencies = [", 1)[1].split("]", 1)[0]
    for name in re.findall(r'^\s+"([a-z0-9-]+)', block, re.MULTILINE):
        assert f"`{name}`" in page, name


def test_vendored_files_are_as_they_came() -> None:
    import hashlib
    import json

    folder = ROOT / "dashboards" / "static" / "dashboards" / "js" / "vendor"
    for library in json.loads((folder / "vendor.json").read_text()).values():
        for name, digest in library["files"].items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
