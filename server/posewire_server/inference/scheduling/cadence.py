"""When a stream's next frame is due, as long as its frames keep time."""

import threading
from collections import deque
from itertools import pairwise
from typing import Final

_REMEMBERED: Final = 9  # arrivals: eight intervals, of which one may be out of time
_TOLERANCE: Final = 0.1  # of an interval
_LEAST_MARGIN: Final = 0.02  # of an interval
_MOST_STEPS: Final = 3  # intervals between two arrivals, where frames are missing


class Cadence:
    """The beat of one stream's arrivals; safe to call from many threads.

    Cameras are regular, so that their next frame can be foreseen. Each arrival in time lets it be
    foreseen once: a stream that stops, or loses its time, is not waited for again and again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrivals_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._due_by_s: float | None = None

    def note_arrival(self, arrived_s: float) -> None:
        """Notes that a frame came.

        Args:
            arrived_s: Monotonic time.
        """
        with self._lock:
            if self._arrivals_s and arrived_s <= self._arrivals_s[-1]:
                self._arrivals_s.clear()  # the clock jumped, or frames overtook one another
            self._arrivals_s.append(arrived_s)
            self._due_by_s = self._next()

    def due_by_s(self) -> float | None:
        """Returns by when the next frame is due if it keeps time, by the clock of arrivals.

        None where that is not known, or was foreseen already.
        """
        return self._due_by_s

    def spend(self) -> None:
        """Notes that the next frame was foreseen, so that nobody waits for it twice."""
        self._due_by_s = None

    def _next(self) -> float | None:
        arrivals_s = self._arrivals_s
        if len(arrivals_s) < _REMEMBERED:
            return None
        gaps_s = [later - earlier for earlier, later in pairwise(arrivals_s)]
        interval_s = sorted(gaps_s)[len(gaps_s) // 2]
        errors = [_error(gap_s / interval_s) for gap_s in gaps_s]
        if errors[-1] > _TOLERANCE or sum(error > _TOLERANCE for error in errors) > 1:
            return None
        margin = max(2 * sorted(errors)[-2], _LEAST_MARGIN)  # but for the worst one
        return arrivals_s[-1] + (1 + margin) * interval_s


def _error(gap: float) -> float:
    """Returns how far a gap between arrivals, in intervals, is from being in time."""
    steps = min(max(round(gap), 1), _MOST_STEPS)
    return abs(gap - steps)
