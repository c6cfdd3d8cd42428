"""Whether a network gains by running several inputs at once, as measured on this machine.

On a GPU it nearly always does; on a CPU small networks do and large ones do not, which fill it with
one input. A batch that gains nothing only makes its frames wait for one another.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

# Joined, an input must take this share of its time alone at most,
_WORTHWHILE = 0.9
# and doubling a batch once more must save this much again: it doubles the time of a run.
_WORTHWHILE_DOUBLED = 0.95
_TURNS = 3


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

    Sizes are compared in turns, by their fastest runs, so that other load on the machine meets
    both. The first run of a size, in which engines prepare, is not counted.

    Args:
        run: Runs a batch of so many inputs.
        largest: Size to stop at.
        clock_s: Tells the time.
    """
    run(1)
    kept = {1: float("inf")}
    size = 1
    while 2 * size <= largest:
        times_s = _compare(run, size, 2 * size, clock_s)
        kept[size] = min(kept[size], times_s[size])
        size *= 2
        share = times_s[size] / size
        alone = kept[1] * _WORTHWHILE
        if share > alone or share > times_s[size // 2] / (size // 2) * _WORTHWHILE_DOUBLED:
            break
        kept[size] = times_s[size]
    return Calibration(kept) if len(kept) > 1 else ALONE


def _compare(
    run: Callable[[int], object], small: int, large: int, clock_s: Callable[[], float]
) -> dict[int, float]:
    """Returns the fastest runs of two sizes; ends early where the large one gains nothing."""
    run(large)
    fastest_s = {small: float("inf"), large: float("inf")}
    for _ in range(_TURNS):
        for size in fastest_s:
            begin_s = clock_s()
            run(size)
            fastest_s[size] = min(fastest_s[size], clock_s() - begin_s)
        if fastest_s[large] / large > fastest_s[small] / small:
            break
    return fastest_s
