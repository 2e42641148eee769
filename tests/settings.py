"""Settings of the tests: those of the project, with what it needs set."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="iotbridge-tests-"))
os.environ.setdefault("IOTBRIDGE_STANDALONE", "1")

from iotbridge.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
