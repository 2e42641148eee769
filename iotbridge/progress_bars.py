"""Progress bars in the terminal for work of several phases."""

from types import TracebackType
from typing import Any

from tqdm import tqdm


class Bars:
    """Shows one bar at a time; the next phase begins a new one."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._what = ""
        self._total = -1

    def __enter__(self) -> "Bars":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._close()

    def show(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` of the phase `what` are done."""
        if (what, total) != (self._what, self._total):
            self._close()
            self._what, self._total = what, total
            self._bar = tqdm(total=total, desc=what, unit_scale=True)
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
