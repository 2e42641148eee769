"""What strangers ask for wrongly is one short line in the log, not a traceback."""

import logging

# Of a message that has in it what a stranger sent.
MAX_LENGTH = 300


class ShortRefusals(logging.Filter):
    """Shortens what Django logs of refused requests (4xx); faults of ours stay whole."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True, having shortened `record` where it is of a refused request."""
        is_refusal = record.name.startswith("django.security.") or (
            record.name == "django.request" and getattr(record, "status_code", 500) < 500
        )
        if is_refusal:
            record.exc_info = record.exc_text = None
            told = record.getMessage()
            record.msg, record.args = told[:MAX_LENGTH] + "…" * (len(told) > MAX_LENGTH), ()
        return True
