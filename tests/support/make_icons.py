"""Makes the sprite of icons from the npm package `lucide-static`: `make icons`.

Those that pages use are named in `dashboards/presentation/icons.py`; the product needs no npm.
"""

import re
import shutil

from dashboards.presentation.icons import ICONS
from tests.support.services import ROOT

PACKAGE = ROOT / "node_modules" / "lucide-static"
FOLDER = ROOT / "dashboards" / "static" / "dashboards" / "icons"
ATTRIBUTES = (
    'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round"'
)


def sprite() -> str:
    """Return the sprite: a symbol of each icon."""
    return "\n".join(
        [
            "<!-- Lucide, https://lucide.dev, see LICENSE; made by `make icons` -->",
            '<svg xmlns="http://www.w3.org/2000/svg">',
            *(f'<symbol id="{name}" {ATTRIBUTES}>{_inner(name)}</symbol>' for name in ICONS),
            "</svg>",
            "",
        ]
    )


def _inner(name: str) -> str:
    text = (PACKAGE / "icons" / f"{name}.svg").read_text()
    inner = re.sub(r"<!--.*?-->|</?svg[^>]*>", "", text, flags=re.DOTALL)
    return "".join(line.strip() for line in inner.splitlines())


def main() -> None:
    """Write sprite and licence."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "lucide.svg").write_text(sprite())
    shutil.copy(PACKAGE / "LICENSE", FOLDER / "LICENSE")


if __name__ == "__main__":
    main()
