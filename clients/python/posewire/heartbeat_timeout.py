"""Timeout of a server that sends neither responses nor heartbeats."""

import math
from collections.abc import Callable

import grpc

from posewire.errors import UnavailableError

_INTERVALS = 3


class HeartbeatTimeout:
    """Measures the time in which the stream waits for a response; three intervals are too long.

    Args:
        interval_s: Longest time between two messages of the server; None: no limit.
        clock: Seconds.

    Attributes:
        error: The error of the connection after the timeout; None before it.
    """

    def __init__(self, interval_s: float | None, clock: Callable[[], float]) -> None:
        self.error: UnavailableError | None = None
        self._limit_s = math.inf if interval_s is None else _INTERVALS * interval_s
        self._clock = clock
        self._since_s: float | None = None

    @property
    def is_watched(self) -> bool:
        """Whether there is a limit."""
        return self._limit_s < math.inf

    def begin(self) -> None:
        """Starts: the stream waits for a response."""
        if self.is_watched:
            self._since_s = self._clock()

    def end(self) -> None:
        """Stops: a response came, or the caller holds an outcome."""
        self._since_s = None

    def forget(self) -> None:
        """Resets the state for a new connection."""
        self._since_s = self.error = None

    def left_s(self) -> float:
        """Returns the time left in seconds; the connection is broken if it is not positive."""
        if self._since_s is None:
            return self._limit_s
        left_s = self._since_s + self._limit_s - self._clock()
        if left_s <= 0:
            text = f"the server showed no sign of life for {self._limit_s:g} s"
            self.error = UnavailableError(text, code=grpc.StatusCode.UNAVAILABLE)
        return left_s
