"""What a page makes of the frames of one subscription: `store.js`, in Python."""

from typing import Any

Frame = dict[str, Any]
# A time in ms -> value, or (value, min, max)
Points = dict[float, Any]


class Screen:
    """Series by key, and the cursor to come back with."""

    def __init__(self) -> None:
        self.series: dict[str, str] = {}
        self.points: dict[str, Points] = {}
        self.devices: dict[str, Any] = {}
        self.gaps: list[Frame] = []
        self.cursor = ""
        self.bin_ms = 0
        self.modes: list[str] = []
        self._coming: list[Frame] = []

    def take(self, frame: Frame) -> None:
        """Take an `ack`, `snap`, `upd` or `gap`; others are passed over."""
        match frame["t"]:
            case "ack":
                self.series = {k: info["key"] for k, info in frame["series"].items()}
                self.bin_ms = frame["bin_ms"]
            case "snap":
                self._snapshot(frame)
            case "upd":
                self._update(frame)
            case "gap":
                self.gaps.append(frame)

    def _snapshot(self, frame: Frame) -> None:
        self._coming = [frame] if frame["part"] == 1 else [*self._coming, frame]
        if frame["part"] < frame["of"]:
            return
        first = self._coming[0]
        self.devices.update(first["devices"])
        self.modes.append(first["mode"])
        if first["mode"] == "full":
            self.points = {}
        for k, ranges in first.get("ranges", {}).items():
            points = self.points.setdefault(self.series[k], {})
            for low, high in ranges:
                for ts in [ts for ts in points if low <= ts <= high]:
                    del points[ts]
        for part in self._coming:
            for k, cols in part["cols"].items():
                points = self.points.setdefault(self.series[k], {})
                points.update(zip(cols["ts"], _values(cols), strict=True))
        self.cursor = frame["cursor"]

    def _update(self, frame: Frame) -> None:
        for k, rows in frame["d"].items():
            points = self.points.setdefault(self.series[k], {})
            for ts, value, *rest in rows:
                points[ts] = (value, *rest[:2]) if rest else value
        self.devices.update(frame.get("devices", {}))
        self.cursor = frame["cursor"]

    def since(self, start: float) -> dict[str, list[tuple[float, Any]]]:
        """Return the points from `start` (ms) on, in order, of series that have some."""
        found = {
            key: sorted((ts, value) for ts, value in points.items() if ts >= start)
            for key, points in self.points.items()
        }
        return {key: points for key, points in found.items() if points}

    def newest(self) -> dict[str, tuple[float, Any]]:
        """Return the newest point of each series that has one."""
        return {key: max(points.items()) for key, points in self.points.items() if points}


def _values(cols: dict[str, list[Any]]) -> list[Any]:
    if "min" not in cols:
        return cols["value"]
    return list(zip(cols["value"], cols["min"], cols["max"], strict=True))
