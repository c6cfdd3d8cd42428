"""The time of a stream's frames, from clocks of which none can be trusted alone."""

from dataclasses import dataclass
from typing import Final

from posewire_server.inference.tracking.settings import LONGEST_GAP_S

# Frames that arrive at once were not taken at once.
_LEAST_STEP_S: Final = 1e-3


@dataclass(frozen=True)
class Moment:
    """When a frame was, by all the clocks there are.

    Attributes:
        arrived_s: Monotonic time of its arrival here.
        capture_ns: The sender's clock, of any epoch; None: not told.
        presentation_ns: Counted from the start of a video; None: not told.
    """

    arrived_s: float
    capture_ns: int | None = None
    presentation_ns: int | None = None


class Clock:
    """Tells each frame's time in seconds from the first frame; it always rises.

    The capture time counts where it rises sensibly, else the presentation time, else the arrival.
    A rise is sensible up to the longest gap that tracking knows, beyond what passed here meanwhile.
    A clock that stands still is waited for; one that jumps counts from where it jumped to.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._arrived_s: float | None = None
        self._capture, self._presentation = _Hand(), _Hand()

    def tell(self, moment: Moment) -> float:
        """Returns the time of the next frame."""
        before_s = moment.arrived_s if self._arrived_s is None else self._arrived_s
        passed_s = max(moment.arrived_s - before_s, 0.0)
        is_first, self._arrived_s = self._arrived_s is None, moment.arrived_s
        now_s = self._now_s if is_first else self._now_s + max(passed_s, _LEAST_STEP_S)
        latest_s = self._now_s + passed_s + LONGEST_GAP_S
        clocks = (
            (self._capture, moment.capture_ns),
            (self._presentation, moment.presentation_ns),
        )
        for hand, value_ns in reversed(clocks):
            told_s = hand.read(value_ns)
            if told_s is not None and self._now_s < told_s <= latest_s:
                now_s = told_s
        for hand, value_ns in clocks:
            hand.set(value_ns, now_s)
        self._now_s = now_s
        return now_s


class _Hand:
    """One clock: a value, and the time of the stream when the clock got there."""

    def __init__(self) -> None:
        self._value_ns: int | None = None
        self._reached_s = 0.0

    def read(self, value_ns: int | None) -> float | None:
        """Returns the stream's time by this clock; None where it is not known."""
        if value_ns is None or self._value_ns is None:
            return None
        return self._reached_s + (value_ns - self._value_ns) * 1e-9

    def set(self, value_ns: int | None, now_s: float) -> None:
        """Notes that the clock has got to a value by now."""
        if value_ns is not None and value_ns != self._value_ns:
            self._value_ns, self._reached_s = value_ns, now_s
