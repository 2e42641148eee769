"""The ASGI application: pages and API, the live socket, the worker channel."""

import os
import sys

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotbridge.settings")
http = get_asgi_application()

from dashboards.leaving import stop_when_left  # noqa: E402 - Django must be set up first
from devices.live import require_shared_layer  # noqa: E402 - Django must be set up first
from devices.memory import collect_rarely  # noqa: E402
from iotbridge import routing  # noqa: E402
from iotbridge.backpressure import patient  # noqa: E402

if "manage.py" not in sys.argv[0]:
    require_shared_layer("the web process")

application = ProtocolTypeRouter(
    {
        "http": patient(stop_when_left(http)),
        "websocket": routing.websocket,
        "channel": routing.channel,
    }
)
collect_rarely()
