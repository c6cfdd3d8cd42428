"""Timer for the heartbeat of a stream."""

import asyncio
import math
from collections.abc import Callable


class HeartbeatTimer:
    """Timer that is set once an interval, however many messages are written.

    Args:
        interval_s: Longest time without a message; None: no heartbeat is ever due.
    """

    def __init__(self, interval_s: float | None, wake: Callable[[], object]) -> None:
        self._interval_s = math.inf if interval_s is None else interval_s
        self._wake = wake
        self._due_s = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """Starts the interval again: a message has been written."""
        if self._interval_s < math.inf:
            self._due_s = asyncio.get_running_loop().time() + self._interval_s
            if self._timer is None:
                self._look()

    @property
    def is_due(self) -> bool:
        """Whether a heartbeat is to be sent now."""
        return self._due_s < math.inf and asyncio.get_running_loop().time() >= self._due_s

    def stop(self) -> None:
        """Ends the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        left_s = self._due_s - loop.time()
        if left_s <= 0:
            self._wake()
            left_s = self._interval_s
        self._timer = loop.call_later(left_s, self._look)
