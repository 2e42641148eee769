"""Wiring only: settings, ASGI, URLs, and the one-process server."""

# The one place that tells it.
__version__ = "0.1.0"

# Whether this process runs a management command; else it is the web process of an ASGI server.
runs_command = False
