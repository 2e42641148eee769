"""Logs that programs read."""

import json
import logging
import sys

from iotbridge.json_logs import JsonFormatter


def test_a_record_is_one_json_object_on_one_line() -> None:
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        raised = sys.exc_info()
    record = logging.LogRecord("a.b", logging.WARNING, "", 1, "gone: %s", ("Küche\n",), raised)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["logger"], told["message"]) == ("WARNING", "a.b", "gone: Küche\n")
    assert told["time"].endswith("+00:00")
    assert "ValueError: broken" in told["exception"]
