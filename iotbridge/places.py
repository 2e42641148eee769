"""Where the project is, and what belongs to this installation; imports nothing of Django's."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# The checkout; where the package was installed by pip, the folder that it is started in. `.env`
# is read there, and `var/` is made.
HOME = PACKAGE.parent if (PACKAGE.parent / "manage.py").is_file() else Path.cwd()
