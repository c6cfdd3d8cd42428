from collections.abc import Callable

import pytest
from posewire_server.inference.engine.calibration import ALONE, Calibration, calibrate


class Machine:
    """Takes virtual seconds for a batch; the first run of each size takes ten more."""

    def __init__(self, seconds: Callable[[int], float]) -> None:
        self.seconds = seconds
        self.now_s = 0.0
        self.runs: list[int] = []

    def run(self, count: int) -> None:
        self.now_s += self.seconds(count) + 10.0 * (count not in self.runs)
        self.runs.append(count)

    def calibrate(self, largest: int = 8) -> Calibration:
        return calibrate(self.run, largest, lambda: self.now_s)


def test_calibrate_network_that_gains_nothing_is_asked_a_few_times_only() -> None:
    machine = Machine(lambda count: 0.95 * count if count > 1 else 1.0)
    assert machine.calibrate() == ALONE
    assert machine.runs == [1, 2, 1, 2, 1, 2, 1, 2]


@pytest.mark.parametrize(("share", "largest"), [(0.89, 2), (0.91, 1)])
def test_calibrate_asks_for_a_tenth_less_time(share: float, largest: int) -> None:
    machine = Machine(lambda count: share * count if count > 1 else 1.0)
    assert machine.calibrate().largest == largest


def test_calibrate_sublinear_network_is_joined_up_to_the_limit() -> None:
    machine = Machine(lambda count: 3.0 + count)
    found = machine.calibrate(largest=16)
    assert found.run_s == {1: 4.0, 2: 5.0, 4: 7.0, 8: 11.0, 16: 19.0}
    assert found.share == pytest.approx(19 / 16 / 4)
    assert machine.calibrate(largest=5).largest == 4
    assert machine.calibrate(largest=1) == ALONE


def test_calibrate_stops_where_doubling_gains_no_more() -> None:
    machine = Machine(lambda count: 3.0 + count if count <= 4 else 1.7 * count)
    assert machine.calibrate().largest == 4


def test_calibration_size_answers_most_inputs_a_second() -> None:
    flat = Calibration({1: 1.0, 2: 1.0, 4: 1.0, 8: 1.0})
    assert [flat.size_for(count) for count in (1, 2, 3, 4, 5, 8, 20)] == [1, 2, 4, 4, 8, 8, 8]
    steep = Calibration({1: 1.0, 2: 1.7, 4: 3.2})
    assert [steep.size_for(count) for count in (1, 2, 3, 4)] == [1, 2, 2, 4]
    assert [steep.padded(count) for count in (1, 2, 3, 4, 5)] == [1, 2, 4, 4, 5]
    assert ALONE.size_for(7) == 1


def test_calibrate_is_not_taken_in_by_a_pause_of_the_machine() -> None:
    """A run that took long for other reasons makes a batch look good, once."""
    pauses = {1: 30.0, 3: 30.0}

    def seconds(count: int) -> float:
        return 1.0 * count + pauses.pop(len(machine.runs), 0.0)

    machine = Machine(seconds)
    assert machine.calibrate() == ALONE
