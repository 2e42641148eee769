"""The documentation as a site: Markdown by MyST, built by `make docs`, strictly in `make check`."""

import re
from pathlib import Path

project = "iotbridge"
copyright = "the iotbridge authors"  # noqa: A001 - Sphinx's name
source = (Path(__file__).parent.parent / "iotbridge" / "__init__.py").read_text()
release = version = re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE)[0]

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
# Links to a heading of another page, as GitHub makes them.
myst_heading_anchors = 4
# Code of how-to pages says which file it is (` ```python file=myplant/apps.py `); tests run it.
suppress_warnings = ["misc.highlighting_failure"]
html_theme = "furo"
html_title = f"iotbridge {release}"
