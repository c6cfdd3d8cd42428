"""One timer for all the deadlines of a queue."""

import asyncio
import math
from collections.abc import Callable

from posewire_server.serving.streams.ticket import now_s

# Event loops count in milliseconds; a timer that is early would have to be set once more.
_LATE_S = 0.001


class Alarm:
    """Rings when the earliest time it was set to has come; a queue without deadlines pays nothing.

    Args:
        ring: Called on the event loop; returns the time to ring at next, infinity for none.
    """

    def __init__(self, ring: Callable[[], float]) -> None:
        self._ring = ring
        self._at_s = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at_s: float) -> None:
        """Has it ring at a monotonic time, unless it rings before that anyway."""
        if at_s >= self._at_s:
            return
        self.stop()
        self._at_s = at_s
        delay_s = max(0.0, at_s - now_s()) + _LATE_S
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._go_off)

    def stop(self) -> None:
        """Has it not ring any more."""
        self._at_s = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_off(self) -> None:
        self.stop()
        self.set(self._ring())
