"""Whether to keep a predictor free for a frame of high priority that is about to come.

A run is interrupted between its sections at best: a frame that comes just after one began waits for
all of it. Where the frame can be foreseen, it pays to let it go first; the wait for it is a part of
a run at most. Where none can come during a run, that needs no sections, which take longer.
"""

import time
from collections.abc import Callable
from typing import Final
from weakref import WeakSet

from posewire_server.inference.scheduling.cadence import Cadence

# Of a run: for a frame that comes that soon others wait; a later one meets the rest of a run,
_AHEAD: Final = 1 / 3
# and for that and its preparation together they wait so long at most.
_PATIENCE: Final = 1 / 2
_SMOOTHING: Final = 1 / 8
_SLOW: Final = 1.25  # a slow run, of the usual time


class Foresight:
    """The streams of high priority, and how long a run is; not safe to call from many threads.

    It is false where no such stream is open.

    Args:
        clock_s: Tells the time, as that of the arrivals.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._cadences: WeakSet[Cadence] = WeakSet()
        self._run_s = 0.0

    def __bool__(self) -> bool:
        return bool(self._cadences)

    @property
    def patience_s(self) -> float:
        """How long a run of lower priority may be put off."""
        return self._run_s * _PATIENCE

    def watch(self, cadence: Cadence) -> None:
        """Notes a stream of high priority; it is forgotten with the stream."""
        self._cadences.add(cadence)

    def note_run(self, run_s: float) -> None:
        """Notes how long a run took."""
        weight = _SMOOTHING if self._run_s else 1.0
        self._run_s += (run_s - self._run_s) * weight

    def may_interrupt(self) -> bool:
        """Returns whether a frame of high priority may come in the course of a run from now on."""
        end_s = self._clock_s() + self._run_s * _SLOW
        dues_s = (cadence.due_by_s() for cadence in self._cadences)
        return any(due_by_s is None or due_by_s < end_s for due_by_s in dues_s)

    def wait_s(self) -> float:
        """Returns how long to put off a run for frames that are due; 0 where none is.

        What it tells of a frame it tells once.
        """
        now_s = self._clock_s()
        longest_s = 0.0
        for cadence in self._cadences:
            due_by_s = cadence.due_by_s()
            if due_by_s is not None and 0 < due_by_s - now_s <= self._run_s * _AHEAD:
                cadence.spend()
                longest_s = max(longest_s, due_by_s - now_s)
        return longest_s
