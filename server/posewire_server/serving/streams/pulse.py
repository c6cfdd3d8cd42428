"""The heartbeat of a stream: one timer, however many messages are written."""

import asyncio
from collections.abc import Callable


class Pulse:
    """Tells when nothing was written for an interval.

    Args:
        interval_s: How long that is; None: it never tells.
        wake: Called when a heartbeat is due.
    """

    def __init__(self, interval_s: float | None, wake: Callable[[], None]) -> None:
        self._interval_s = interval_s
        self._wake = wake
        self._quiet_since_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Counts from now on."""
        if self._interval_s is not None:
            self.note_written()
            self._look()

    def note_written(self) -> None:
        """Counts anew."""
        if self._interval_s is not None:
            self._quiet_since_s = asyncio.get_running_loop().time()

    @property
    def is_due(self) -> bool:
        """Whether a heartbeat is to be sent now."""
        return self._interval_s is not None and self._left_s(self._interval_s) <= 0

    def stop(self) -> None:
        """Tells no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _left_s(self, interval_s: float) -> float:
        return self._quiet_since_s + interval_s - asyncio.get_running_loop().time()

    def _look(self) -> None:
        assert self._interval_s is not None
        left_s = self._left_s(self._interval_s)
        if left_s <= 0:
            self._wake()
            left_s = self._interval_s
        self._timer = asyncio.get_running_loop().call_later(left_s, self._look)
