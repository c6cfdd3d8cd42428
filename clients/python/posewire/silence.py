"""Whether a server that promised signs of life has gone silent."""

import math
from collections.abc import Callable

import grpc

from posewire.errors import UnavailableError

_INTERVALS = 3


class Silence:
    """Counts the time in which somebody listens and nothing comes.

    Args:
        interval_s: How often the server shows a sign of life at least; None: it promised none.
        clock: Seconds.

    Attributes:
        error: What became of the connection, once the silence has lasted too long.
    """

    def __init__(self, interval_s: float | None, clock: Callable[[], float]) -> None:
        self.error: UnavailableError | None = None
        self._limit_s = math.inf if interval_s is None else _INTERVALS * interval_s
        self._clock = clock
        self._since_s: float | None = None

    @property
    def is_watched(self) -> bool:
        """Whether there is a limit to it."""
        return self._limit_s < math.inf

    def begin(self) -> None:
        """Somebody listens from now on."""
        if self.is_watched:
            self._since_s = self._clock()

    def end(self) -> None:
        """Something came, or nobody listens."""
        self._since_s = None

    def forget(self) -> None:
        """Begins with a new connection."""
        self._since_s = self.error = None

    def left_s(self) -> float:
        """Returns when to look again; not above zero: the connection is broken."""
        if self._since_s is None:
            return self._limit_s
        left_s = self._since_s + self._limit_s - self._clock()
        if left_s <= 0:
            text = f"the server showed no sign of life for {self._limit_s:g} s"
            self.error = UnavailableError(text, code=grpc.StatusCode.UNAVAILABLE)
        return left_s
