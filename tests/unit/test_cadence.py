import random

import pytest
from posewire_server.inference.scheduling.cadence import Cadence

INTERVAL_S = 0.2


def cadence_of(arrivals_s: list[float]) -> Cadence:
    """Returns the cadence of frames that came at these times."""
    cadence = Cadence()
    for arrived_s in arrivals_s:
        cadence.note_arrival(arrived_s)
    return cadence


def ticks(*numbers: float) -> list[float]:
    """Returns the times of ticks of a clock."""
    return [1000 + INTERVAL_S * number for number in numbers]


def due_at(number: float) -> object:
    """Returns what is due at a tick of a clock whose frames keep time well."""
    return pytest.approx(*ticks(number + 0.02))


def test_cadence_regular_arrivals_foresee_the_next() -> None:
    due_s = cadence_of(ticks(*range(9))).due_by_s()
    assert due_s is not None
    assert due_s == due_at(9)


@pytest.mark.parametrize("count", [0, 1, 8])
def test_cadence_of_few_arrivals_foresees_nothing(count: int) -> None:
    assert cadence_of(ticks(*range(count))).due_by_s() is None


def test_cadence_that_varies_a_little_says_how_late_the_next_may_be() -> None:
    rng = random.Random(0)
    due_s = cadence_of(
        ticks(*(number + rng.uniform(-0.03, 0.03) for number in range(20)))
    ).due_by_s()
    assert due_s is not None
    (soon_s, far_s) = ticks(20.0, 20.3)
    assert soon_s < due_s < far_s


def test_cadence_that_varies_by_a_quarter_foresees_nothing() -> None:
    rng = random.Random(0)
    cadence, now_s, foreseen = Cadence(), 1000.0, 0
    for _ in range(200):
        now_s += INTERVAL_S * rng.uniform(0.75, 1.25)
        cadence.note_arrival(now_s)
        foreseen += cadence.due_by_s() is not None
    assert foreseen < 10


def test_cadence_one_missing_frame_changes_nothing() -> None:
    due_s = cadence_of(ticks(*range(6), *range(7, 11))).due_by_s()
    assert due_s is not None
    assert due_s == due_at(11)


def test_cadence_one_frame_out_of_time_is_forgiven_when_the_next_are_in_time() -> None:
    before, late, after = [*range(9)], [9.45], [10.45, 11.45]
    assert cadence_of(ticks(*before, *late)).due_by_s() is None
    due_s = cadence_of(ticks(*before, *late, *after)).due_by_s()
    assert due_s is not None
    assert due_s == due_at(12.45)


@pytest.mark.parametrize("jump_s", [-500.0, 500.0])
def test_cadence_after_a_jump_of_the_clock_is_learnt_again(jump_s: float) -> None:
    before, after = ticks(*range(9)), [time_s + jump_s for time_s in ticks(*range(9))]
    assert cadence_of([*before, after[0]]).due_by_s() is None
    due_s = cadence_of(before + after).due_by_s()
    assert due_s is not None
    assert due_s == pytest.approx(after[-1] + 1.02 * INTERVAL_S)


def test_cadence_of_a_new_rate_is_learnt_again() -> None:
    before = ticks(*range(9))
    after = [before[-1] + INTERVAL_S / 3 * number for number in range(1, 9)]
    assert cadence_of(before + after[:3]).due_by_s() is None
    due_s = cadence_of(before + after).due_by_s()
    assert due_s is not None
    assert due_s == pytest.approx(after[-1] + 1.02 * INTERVAL_S / 3)


def test_cadence_foresees_each_arrival_once() -> None:
    cadence = cadence_of(ticks(*range(9)))
    cadence.spend()
    assert cadence.due_by_s() is None
    cadence.note_arrival(*ticks(9))
    assert cadence.due_by_s() is not None
