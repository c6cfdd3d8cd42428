"""The clock of tracking: whatever the clocks of frames do, it rises."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
from posewire_server.inference.tracking.frame_clock import FrameTime, StreamClock

ANY_NS = st.one_of(
    st.none(),
    st.integers(-(2**63) * 10**9, 2**63 * 10**9),
    st.integers(0, 10**10),
    st.sampled_from([0, 1, 10**18]),
)
FRAMES = st.lists(
    st.builds(FrameTime, st.floats(0, 1e9, allow_subnormal=False), ANY_NS, ANY_NS), max_size=30
)
SECOND_NS = 10**9


@given(FRAMES)
def test_clock_always_rises_and_is_finite(frames: list[FrameTime]) -> None:
    clock = StreamClock()
    times = [clock.next_s(frame) for frame in sorted(frames, key=lambda f: f.arrived_s)]
    assert all(math.isfinite(time) for time in times)
    assert all(before < after for before, after in itertools.pairwise(times))


@given(st.lists(st.integers(1, 59 * SECOND_NS), max_size=30), st.integers(-(10**18), 10**18))
def test_clock_is_the_capture_time_where_that_rises(steps: list[int], epoch_ns: int) -> None:
    clock, capture_ns, passed_ns = StreamClock(), epoch_ns, 0
    assert clock.next_s(FrameTime(5.0, capture_ns, 3)) == 0
    for number, step_ns in enumerate(steps):
        capture_ns, passed_ns = capture_ns + step_ns, passed_ns + step_ns
        told_s = clock.next_s(FrameTime(5.0 + number, capture_ns, 3))
        assert math.isclose(told_s, passed_ns / SECOND_NS, rel_tol=1e-9, abs_tol=1e-9)


@given(st.integers(-(10**30), 10**30).filter(lambda jump: not 0 <= jump <= 61 * SECOND_NS))
def test_clock_that_jumps_counts_the_arrival_and_then_goes_on(jump_ns: int) -> None:
    clock = StreamClock()
    for number in range(3):
        clock.next_s(FrameTime(number * 0.1, number * SECOND_NS))
    jumped_ns = 2 * SECOND_NS + jump_ns
    assert math.isclose(clock.next_s(FrameTime(0.3, jumped_ns)), 2.1, rel_tol=1e-9)
    assert math.isclose(clock.next_s(FrameTime(0.4, jumped_ns + SECOND_NS // 2)), 2.6, rel_tol=1e-9)
