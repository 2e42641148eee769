"""Named losses: what a limit or the broker made us lose, with its span and number."""

from collections.abc import Mapping, Sequence

from devices.storage import losses
from mqtt_ingest.core.packets import DeviceMessage


def write_throttled(throttled: Mapping[int, Sequence[DeviceMessage]]) -> None:
    """Record the packets that devices' rate limits refused, in the batch's transaction."""
    for device_id, messages in sorted(throttled.items()):
        times = [sample.ts for message in messages for sample in message.samples]
        losses.record("throttled", min(times), max(times), len(messages), device_id=device_id)
