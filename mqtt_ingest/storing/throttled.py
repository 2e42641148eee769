"""Named losses: what a limit or the broker made us lose, with its span and number."""

from collections.abc import Mapping, Sequence

from devices.storage import losses
from mqtt_ingest.core.packets import Entry


def write_throttled(throttled: Mapping[int, Sequence[Entry]]) -> None:
    """Record the packets that devices' rate limits refused, in the batch's transaction."""
    for device_id, entries in sorted(throttled.items()):
        times = [
            sample.ts for entry in entries if entry.decoded for sample in entry.decoded.samples
        ]
        losses.record("throttled", min(times), max(times), len(entries), device_id=device_id)
