"""Publishes at a steady rate; each packet carries the moment it was sent.

Run as a process of its own: `python -m tests.bench.support.steady_publisher PORT RATE DEVICES
SECONDS [METRICS]`; three metrics by default.
"""

import json
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


def main() -> None:
    port, rate, devices, seconds, *more = (int(argument) for argument in sys.argv[1:])
    others = {f"m{n}": n / 7 for n in range((more or [3])[0] - 3)}
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_queued_messages_set(0)
    client.max_inflight_messages_set(1_000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    started = time.time()
    for n in range(rate * seconds):
        due = started + n / rate
        time.sleep(max(0.0, due - time.time()))
        now = time.time()
        body = {"ts": int(now * 1_000), "sent": now, "n": n, "on": n % 2 == 0, **others}
        info = client.publish(f"devices/b{n % devices}/telemetry", json.dumps(body), 1)
    info.wait_for_publish(30)
    client.disconnect()
    client.loop_stop()


main()
