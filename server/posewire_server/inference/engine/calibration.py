"""Whether a network gains by running several inputs at once, as measured on this machine.

On a GPU it nearly always does; on a CPU small networks do and large ones do not, which fill it with
one input. A batch that gains nothing only makes its frames wait for one another.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

# Joined, an input must take this share of its time alone at most,
_WORTHWHILE = 0.9
# and doubling a batch once more must save this much again: it doubles the time of a run.
_WORTHWHILE_DOUBLED = 0.95
_TURNS = 7
_FEWEST_TURNS = 3


@dataclass(frozen=True)
class Calibration:
    """How many inputs to join.

    Attributes:
        run_s: Seconds of one run, for each size of batch that is worthwhile; there is always 1.
    """

    run_s: Mapping[int, float]

    @property
    def largest(self) -> int:
        """The largest worthwhile batch; 1 where joining does not pay."""
        return max(self.run_s)

    @property
    def share(self) -> float:
        """The time of an input in the largest batch over that alone."""
        return self.run_s[self.largest] / self.largest / self.run_s[1]

    def size_for(self, count: int) -> int:
        """Returns the size of batch that answers most inputs a second, of ``count`` that wait."""
        return max(self.run_s, key=lambda size: min(size, count) / self.run_s[size])

    def padded(self, count: int) -> int:
        """Returns the smallest of the sizes that holds ``count`` inputs, or ``count`` itself."""
        return min((size for size in self.run_s if size >= count), default=count)


ALONE: Final = Calibration({1: 1.0})
"""Every input is run alone."""


def calibrate(
    run: Callable[[int], object], largest: int, clock_s: Callable[[], float] = time.perf_counter
) -> Calibration:
    """Measures batches of 1, 2, 4, ... inputs, as long as the next size pays.

    Sizes are compared in turns, so that other load on the machine meets both. The first run of a
    size, in which engines prepare, is not counted.

    Args:
        run: Runs a batch of so many inputs.
        largest: Size to stop at.
        clock_s: Tells the time.
    """
    if largest == 1:
        return ALONE
    kept = {1: float("inf")}
    size = 1
    run(1)
    while 2 * size <= largest:
        times_s = _compare(run, size, 2 * size, clock_s)
        if times_s is None:
            break
        kept[size] = min(kept[size], times_s[0])
        size *= 2
        if times_s[1] > size * kept[1] * _WORTHWHILE:
            break
        kept[size] = times_s[1]
    return Calibration(kept) if len(kept) > 1 else ALONE


def _compare(
    run: Callable[[int], object], small: int, large: int, clock_s: Callable[[], float]
) -> tuple[float, float] | None:
    """Returns the fastest runs of two sizes; None, and early, where the large one gains nothing.

    To be believed it has to gain both in most turns and by the fastest runs: to join what does not
    pay costs more than not to join what does.
    """
    run(large)
    turns_s: list[tuple[float, float]] = []
    for _ in range(_TURNS):
        turns_s.append((_time(run, small, clock_s), _time(run, large, clock_s)))
        ratio = statistics.median(second / first for first, second in turns_s)
        fastest_s = min(first for first, _ in turns_s), min(second for _, second in turns_s)
        least = _WORTHWHILE if small == 1 else _WORTHWHILE_DOUBLED
        share = max(ratio, fastest_s[1] / fastest_s[0]) * small / large
        if share > least and len(turns_s) >= _FEWEST_TURNS:
            return None
    return fastest_s


def _time(run: Callable[[int], object], size: int, clock_s: Callable[[], float]) -> float:
    begin_s = clock_s()
    run(size)
    return clock_s() - begin_s
