"""Window of the frames in flight that are worth sending: enough, and no more than that.

With too few, a frame thread waits for a frame that is on its way. With too many, frames wait behind
one another and their answers are old. Both are measured, in service times of the stream's frames.
"""

from dataclasses import dataclass
from typing import Final

_SMOOTHING: Final = 1 / 8
_FRAMES_BETWEEN: Final = 8  # frames until the smoothed times reflect a smaller window


@dataclass(frozen=True)
class WindowLimits:
    """Waiting that a stream tolerates, in service times.

    Attributes:
        idle: How long a frame thread may wait for the stream's next frame.
        wait: How long a frame may wait for a frame thread.
        size: First size of its window, in frames.
    """

    idle: float
    wait: float
    size: int


# While a frame is worked on, the next one is on its way and then waits: the two limits add up to a
# service time, otherwise the window would never settle.
FRESH: Final = WindowLimits(idle=0.1, wait=0.9, size=1)
# One frame in work and one on its way suffices for most.
BUSY: Final = WindowLimits(idle=0.0, wait=1.5, size=2)


class CreditWindow:
    """Number of frames in flight that adapts to the stream.

    Args:
        limits: ``FRESH`` for live streams, ``BUSY`` for those of which only the rate counts.
    """

    def __init__(self, most: int, limits: WindowLimits) -> None:
        self.size = min(most, limits.size)
        self._most = most
        self._limits = limits
        self._service_s: float | None = None
        self._wait_s = self._idle_s = 0.0
        self._frames = 0
        self._credit = self.size
        self._is_spent = False
        self._starved_since_s: float | None = None

    def note_told(self, in_flight: int) -> None:
        """The client is told how many more frames are worth sending."""
        self._credit = self.size - in_flight

    def note_starved(self, at_s: float) -> None:
        """A frame thread asked for a frame, and there was none."""
        if self._starved_since_s is None:
            self._starved_since_s = at_s

    def note_arrival(self, at_s: float) -> None:
        """A frame came; the window grows if a thread waited for it because of the window.

        A slow source does not use up its credit: the window stays.
        """
        since_s, self._starved_since_s = self._starved_since_s, None
        idle_s = 0.0 if since_s is None else at_s - since_s
        self._idle_s += (idle_s - self._idle_s) * _SMOOTHING
        if since_s is not None:
            too_long = self._idle_s >= self._limits.idle * (self._service_s or 0.0)
            if self._is_spent and too_long and self.size < self._most:
                self._resize(1)
            self._is_spent = False
        self._credit -= 1
        self._is_spent |= self._credit <= 0

    def note_answer(self, waited_s: float, service_s: float) -> None:
        """A frame was worked on; the window shrinks if frames wait too long."""
        if self._service_s is None:
            self._service_s, self._wait_s = service_s, waited_s
        self._service_s += (service_s - self._service_s) * _SMOOTHING
        self._wait_s += (waited_s - self._wait_s) * _SMOOTHING
        self._frames += 1
        too_long = self._wait_s > self._limits.wait * self._service_s
        if too_long and self.size > 1 and self._frames >= _FRAMES_BETWEEN:
            self._resize(-1)

    def _resize(self, by: int) -> None:
        self.size += by
        self._frames = 0
        self._idle_s = 0.0
