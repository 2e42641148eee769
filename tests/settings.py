"""Settings of the tests: those of the project, with what it needs set."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests-and-long-enough-to-be-a-key")
if "DATA_DIR" not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:
    # Each process of a parallel run has its own.
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="iotbridge-tests-")
os.environ.setdefault("IOTBRIDGE_STANDALONE", "1")

from iotbridge.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
