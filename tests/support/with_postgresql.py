"""Runs a command with DATABASE_URL on a PostgreSQL of its own."""

import os
import subprocess
import sys

from tests.support import services


def main() -> int:
    with services.postgresql() as service:
        url = f"postgres://postgres@127.0.0.1:{service.port}/postgres"
        env = {**os.environ, "DATABASE_URL": url}
        return subprocess.run(sys.argv[1:], env=env, check=False).returncode


sys.exit(main())
