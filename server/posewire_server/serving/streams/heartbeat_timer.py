"""Timer for the heartbeat of a stream."""

import asyncio
from collections.abc import Callable


class HeartbeatTimer:
    """Timer that is set once an interval, however many messages are written.

    Args:
        interval_s: Longest time without a message; None: no heartbeat is ever due.
        wake: Called when a heartbeat is due.
    """

    def __init__(self, interval_s: float | None, wake: Callable[[], None]) -> None:
        self._interval_s = interval_s
        self._wake = wake
        self._quiet_since_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Starts the first interval."""
        if self._interval_s is not None:
            self.note_written()
            self._look(self._interval_s)

    def note_written(self) -> None:
        """Starts the interval again."""
        if self._interval_s is not None:
            self._quiet_since_s = asyncio.get_running_loop().time()

    @property
    def is_due(self) -> bool:
        """Whether a heartbeat is to be sent now."""
        return self._interval_s is not None and self._left_s(self._interval_s) <= 0

    def stop(self) -> None:
        """Ends the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _left_s(self, interval_s: float) -> float:
        return self._quiet_since_s + interval_s - asyncio.get_running_loop().time()

    def _look(self, interval_s: float) -> None:
        left_s = self._left_s(interval_s)
        if left_s <= 0:
            self._wake()
            left_s = interval_s
        self._timer = asyncio.get_running_loop().call_later(left_s, self._look, interval_s)
