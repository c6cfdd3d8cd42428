"""Timers of a stream: one for all deadlines of its queue, one for its heartbeat."""

import asyncio
import math
from collections.abc import Callable
from typing import Final

from posewire_server.inference.scheduling.frame_context import now_s

# Event loops count in milliseconds; a timer that is early would have to be set once more.
_LATE_S: Final = 0.001


class DeadlineTimer:
    """Timer for the earliest of many deadlines; a queue without deadlines pays nothing.

    Args:
        expire: Called on the event loop when it has come; returns the next one, infinity for none.
    """

    def __init__(self, expire: Callable[[], float]) -> None:
        self._expire = expire
        self._at_s = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at_s: float) -> None:
        """Adds a deadline, in monotonic time."""
        if at_s >= self._at_s:
            return
        self.stop()
        self._at_s = at_s
        delay_s = max(0.0, at_s - now_s()) + _LATE_S
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._go_off)

    def stop(self) -> None:
        """Forgets all deadlines."""
        self._at_s = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_off(self) -> None:
        self.stop()
        self.set(self._expire())


class HeartbeatTimer:
    """Timer for the heartbeat of a stream: one, however many messages are written.

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
            self._look()

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

    def _look(self) -> None:
        assert self._interval_s is not None
        left_s = self._left_s(self._interval_s)
        if left_s <= 0:
            self._wake()
            left_s = self._interval_s
        self._timer = asyncio.get_running_loop().call_later(left_s, self._look)
