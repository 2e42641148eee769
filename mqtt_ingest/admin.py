"""Dead letters in admin: what could not become readings, and why."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from mqtt_ingest.models import DeadLetter

SHOWN_BYTES = 4_096


@admin.register(DeadLetter)
class DeadLetterAdmin(admin.ModelAdmin[DeadLetter]):
    """Dead letters by reason, source and device; read only, removable."""

    list_display = ["received_at", "reason", "detail", "topic", "device_key", "start"]
    list_filter = ["reason", "source", "received_at"]
    search_fields = ["topic", "detail", "device_key"]
    date_hierarchy = "received_at"
    show_full_result_count = False
    readonly_fields = [
        *("received_at", "reason", "detail", "topic", "device_key", "source", "slot"),
        *("qos", "retain", "packet_id", "as_text", "as_hex"),
    ]
    fields = tuple(readonly_fields)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """They come from packets."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """They are evidence."""
        return False

    @admin.display(description="payload")
    def start(self, letter: DeadLetter) -> str:
        """Return the payload's first characters."""
        return _text(bytes(letter.payload)[:60])

    @admin.display(description="payload as text")
    def as_text(self, letter: DeadLetter) -> str:
        """Return the payload as text, what is not UTF-8 as escapes."""
        return _text(bytes(letter.payload)[:SHOWN_BYTES])

    @admin.display(description="payload as hex")
    def as_hex(self, letter: DeadLetter) -> str:
        """Return the payload as hex."""
        return bytes(letter.payload)[:SHOWN_BYTES].hex(" ")


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "backslashreplace")
