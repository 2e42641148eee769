"""Settings of the tutorial's project: the layer alone, by `LAYER`."""

import os

SECRET_KEY = "only-for-benchmarks"
INSTALLED_APPS = ["channels"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": os.environ["LAYER"],
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": "tutorial"},
    }
}
USE_TZ = True
