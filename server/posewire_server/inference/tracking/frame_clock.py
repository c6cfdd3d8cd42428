"""Time of a stream's frames, from clocks of which none can be trusted alone."""

from dataclasses import dataclass
from typing import Final

from posewire_server.inference.tracking.tracking_settings import LONGEST_GAP_S

# Frames that arrive at once were not taken at once.
_LEAST_STEP_S: Final = 1e-3


@dataclass(frozen=True)
class FrameTime:
    """Time of a frame on each clock that is available.

    Attributes:
        arrived_s: Monotonic time of its arrival here.
        capture_ns: The sender's clock, of any epoch.
        presentation_ns: Time since the start of a video.
    """

    arrived_s: float
    capture_ns: int | None = None
    presentation_ns: int | None = None


class StreamClock:
    """Time of each frame in seconds from the first frame; it always rises.

    The capture time counts if it rises plausibly, otherwise the presentation time, otherwise the
    arrival. A rise is plausible up to the longest gap of tracking beyond the time that passed here.
    A clock that jumps counts from its new value.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._arrived_s: float | None = None
        self._capture, self._presentation = _SenderClock(), _SenderClock()

    def next_s(self, frame: FrameTime) -> float:
        """Returns the time of the next frame."""
        before_s = frame.arrived_s if self._arrived_s is None else self._arrived_s
        passed_s = max(frame.arrived_s - before_s, 0.0)
        is_first, self._arrived_s = self._arrived_s is None, frame.arrived_s
        now_s = self._now_s if is_first else self._now_s + max(passed_s, _LEAST_STEP_S)
        latest_s = self._now_s + passed_s + LONGEST_GAP_S
        clocks = (
            (self._capture, frame.capture_ns),
            (self._presentation, frame.presentation_ns),
        )
        for clock, value_ns in reversed(clocks):
            read_s = clock.read(value_ns)
            if read_s is not None and self._now_s < read_s <= latest_s:
                now_s = read_s
        for clock, value_ns in clocks:
            clock.set(value_ns, now_s)
        self._now_s = now_s
        return now_s


class _SenderClock:
    """One clock of the sender: its last value, and the stream's time at that value."""

    def __init__(self) -> None:
        self._value_ns: int | None = None
        self._reached_s = 0.0

    def read(self, value_ns: int | None) -> float | None:
        """Returns the stream's time on this clock; None if it is unknown."""
        if value_ns is None or self._value_ns is None:
            return None
        return self._reached_s + (value_ns - self._value_ns) * 1e-9

    def set(self, value_ns: int | None, now_s: float) -> None:
        if value_ns is not None and value_ns != self._value_ns:
            self._value_ns, self._reached_s = value_ns, now_s
