"""Wiring only: settings, ASGI, URLs, and the one-process server."""

__version__ = "0.1.0"
