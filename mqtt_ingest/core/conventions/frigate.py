"""Frigate: counters, rates and scores of a camera; https://docs.frigate.video/integrations/mqtt."""

from typing import ClassVar

from mqtt_ingest.core.conventions.layout import Layout, Rule, Said, nothing, presence, values
from mqtt_ingest.core.reading import parse
from mqtt_ingest.core.records import ABSENT, Record

_SCORES = ("score", "top_score")


def _event(said: Said) -> None:
    """Take the scores of a tracked object, at the time of its picture."""
    value = parse(said.packet, said.limits)
    after = value.get("after") if isinstance(value, dict) else None
    camera = after.get("camera") if isinstance(after, dict) else None
    if isinstance(after, dict) and isinstance(camera, str) and camera:
        scores = {f"event.{name}": after[name] for name in _SCORES if name in after}
        said.take(camera, Record(scores, after.get("frame_time", ABSENT)))


class Frigate(Layout):
    """What cameras count, hear and see; pictures are left where they are."""

    name: ClassVar[str] = "frigate"
    label: ClassVar[str] = "Frigate"
    bases = ("frigate",)
    rules = (
        Rule(topic="{base}/events", read=_event, tells=True),
        presence("{base}/available", "frigate", tells=True),
        *nothing("{base}/tracked_object_update", "{base}/triggers", "{base}/reviews"),
        *nothing("{base}/stats", "{base}/camera_activity", "{base}/notifications/#"),
        *nothing("{base}/{camera}/{object}/snapshot", "{base}/{camera*}/set", "{base}/model_state"),
        *nothing("{base}/{camera}/{object}/best", "{base}/{camera}/birdseye/#", "{base}/restart"),
        values("{base}/{device}/{metric*}"),
    )
    units = {"dbfs": "dBFS", "rms": ""}
