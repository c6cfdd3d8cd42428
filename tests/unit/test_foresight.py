"""When a run is put off, by a clock that is moved by hand."""

import gc
import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from posewire_server.inference.engine.foresight import Foresight
from posewire_server.inference.scheduling.cadence import Cadence

RUN_S = 0.06
THIRD_S = RUN_S / 3
INTERVAL_S = 0.25


@dataclass
class Clock:
    """Stands still until it is moved."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def regular(clock: Clock) -> Cadence:
    """Returns the cadence of frames of which the last one has just come."""
    cadence = Cadence()
    for number in range(-8, 1):
        cadence.note_arrival(clock.now_s + number * INTERVAL_S)
    return cadence


def foresight_of(clock: Clock, *cadences: Cadence) -> Foresight:
    foresight = Foresight(clock)
    foresight.note_run(RUN_S)
    for cadence in cadences:
        foresight.watch(cadence)
    return foresight


def test_foresight_without_streams_is_false_and_waits_for_nobody() -> None:
    foresight = foresight_of(Clock())
    assert not foresight
    assert foresight.wait_s() == 0


def test_foresight_forgets_a_stream_that_has_ended() -> None:
    clock = Clock()
    cadence = regular(clock)
    foresight = foresight_of(clock, cadence)
    assert foresight
    del cadence
    gc.collect()
    assert not foresight


@pytest.mark.parametrize(
    ("ahead_s", "wait_s"),
    [(INTERVAL_S, 0.0), (0.0151, 0.0), (0.0149, 0.0199), (0.005, 0.01), (0.0, 0.005)],
)
def test_foresight_waits_for_what_is_due_within_a_third_of_a_run(
    ahead_s: float, wait_s: float
) -> None:
    clock = Clock()
    cadence = regular(clock)  # streams are held by those who know them
    foresight = foresight_of(clock, cadence)
    clock.now_s += INTERVAL_S - ahead_s
    assert foresight.wait_s() == pytest.approx(wait_s, abs=1e-6)


def test_foresight_does_not_wait_for_what_is_late() -> None:
    clock = Clock()
    cadence = regular(clock)  # streams are held by those who know them
    foresight = foresight_of(clock, cadence)
    clock.now_s += INTERVAL_S * 1.1
    assert foresight.wait_s() == 0


def test_foresight_waits_for_a_frame_once() -> None:
    clock = Clock()
    cadence = regular(clock)
    foresight = foresight_of(clock, cadence)
    clock.now_s += INTERVAL_S - 0.01
    assert foresight.wait_s() > 0
    assert foresight.wait_s() == 0
    cadence.note_arrival(clock.now_s + 0.01)
    clock.now_s += INTERVAL_S
    assert foresight.wait_s() > 0


def test_foresight_follows_the_time_of_a_run() -> None:
    clock = Clock()
    foresight = Foresight(clock)
    assert foresight.patience_s == 0
    foresight.note_run(RUN_S)
    assert foresight.patience_s == pytest.approx(RUN_S / 2)
    for _ in range(50):
        foresight.note_run(2 * RUN_S)
    assert foresight.patience_s == pytest.approx(RUN_S, rel=0.01)


@given(
    streams=st.lists(
        st.tuples(st.floats(0.02, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 0.5)),
        min_size=1,
        max_size=8,
    ),
    seed=st.integers(0, 1000),
)
def test_foresight_waits_a_third_of_a_run_at_most_once_for_each_arrival(
    streams: list[tuple[float, float, float]], seed: int
) -> None:
    rng = random.Random(seed)
    arrivals_s = sorted(
        (1000 + phase_s + (number + rng.uniform(-jitter, jitter)) * interval_s, stream)
        for stream, (interval_s, phase_s, jitter) in enumerate(streams)
        for number in range(20)
    )
    clock, cadences = Clock(), [Cadence() for _ in streams]
    foresight = foresight_of(clock, *cadences)
    waits = 0
    for arrived, (arrived_s, stream) in enumerate(arrivals_s, 1):
        clock.now_s = max(clock.now_s, arrived_s)
        cadences[stream].note_arrival(arrived_s)
        for _ in range(3):
            wait_s = foresight.wait_s()
            assert 0 <= wait_s <= THIRD_S * 1.0001
            waits += wait_s > 0
            clock.now_s += wait_s
        assert waits <= arrived


@pytest.mark.parametrize(
    ("run_s", "may_interrupt"), [(RUN_S, False), (INTERVAL_S * 0.8, False), (INTERVAL_S, True)]
)
def test_foresight_tells_whether_a_camera_may_send_in_the_course_of_a_run(
    run_s: float, may_interrupt: bool
) -> None:
    clock = Clock()
    cadence = regular(clock)
    foresight = Foresight(clock)
    foresight.note_run(run_s)
    foresight.watch(cadence)
    assert foresight.may_interrupt() is may_interrupt
    unknown = Cadence()
    foresight.watch(unknown)
    assert foresight.may_interrupt()
