"""Calibration of the batch size: whether a network gains by running several inputs at once.

It nearly always does on a GPU. On a CPU, small networks gain; large ones do not, because one input
fills all cores. A batch that gains nothing only makes its frames wait for one another.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

# Most time of an input in a batch, as a share of its time alone.
_WORTHWHILE: Final = 0.9
# The same for each further doubling, as a share of its time in the smaller batch: a doubled batch
# makes a run up to twice as long.
_WORTHWHILE_DOUBLED: Final = 0.95
_TURNS: Final = 7
_FEWEST_TURNS: Final = 3


@dataclass(frozen=True)
class Calibration:
    """Seconds of one run, for each size of batch that pays; 1 is always one of them."""

    run_s: Mapping[int, float]

    @property
    def largest(self) -> int:
        """The largest size that pays."""
        return max(self.run_s)

    @property
    def share(self) -> float:
        """The time of an input in the largest batch, as a share of its time alone."""
        return self.run_s[self.largest] / self.largest / self.run_s[1]

    def size_for(self, count: int) -> int:
        """Returns the size of batch that runs most inputs a second if ``count`` wait."""
        return max(self.run_s, key=lambda size: min(size, count) / self.run_s[size])

    def padded(self, count: int) -> int:
        """Returns the smallest size that holds ``count`` inputs; ``count`` if none does."""
        return min((size for size in self.run_s if size >= count), default=count)


ALONE: Final = Calibration({1: 1.0})  # every input runs alone


def calibrate(
    run: Callable[[int], object], largest: int, clock_s: Callable[[], float] = time.perf_counter
) -> Calibration:
    """Measures batches of 1, 2, 4, ... inputs, as long as the next size pays.

    Two sizes take turns: other load on the machine slows both. The first run of a size, in which
    engines compile, does not count.
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
    """Returns the seconds of the fastest runs of two sizes; None if the large one does not pay.

    The large one has to gain both in most turns and by the fastest runs: to join inputs that gain
    nothing costs more than not to join those that do.
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
