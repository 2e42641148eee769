"""Makes the sprite of icons from the npm package `lucide-static`: `make icons`.

Those that pages use are named in `dashboards/presentation/icons.py`; the product needs no npm.
"""

import re
import shutil

from dashboards.presentation.icons import ICONS
from tests.support.browser import chromium
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


def app_icons() -> dict[str, bytes]:
    """Return the product's own icon as PNG, by file name; platforms cut maskable ones."""
    svg = (FOLDER.parent / "icon.svg").read_text()
    plain = re.sub(r' rx="7"', "", svg)
    inner = plain.replace("<path d", '<path transform="translate(4.8 4.8) scale(.7)" d')
    made = {}
    with chromium() as browser:
        for name, size, text in (
            ("app-180.png", 180, plain),
            ("app-192.png", 192, svg),
            ("app-512.png", 512, svg),
            ("app-maskable-512.png", 512, inner),
        ):
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:100vw}}</style>{text}")
            made[name] = page.screenshot(omit_background=True)
            page.close()
    return made


def main() -> None:
    """Write sprite, licence and the product's own icon."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "lucide.svg").write_text(sprite())
    for name, content in app_icons().items():
        (FOLDER.parent / name).write_bytes(content)
    shutil.copy(PACKAGE / "LICENSE", FOLDER / "LICENSE")


if __name__ == "__main__":
    main()
