import pytest
from posewire_server.inference.tracking.frame_clock import FrameTime, StreamClock

MS = 10**6


def tell(*frames: FrameTime) -> list[float]:
    clock = StreamClock()
    return [clock.next_s(frame) for frame in frames]


def test_clock_without_any_counts_arrivals() -> None:
    assert tell(FrameTime(7.0), FrameTime(7.5), FrameTime(9.0)) == [0, 0.5, 2.0]


def test_clock_of_frames_that_arrive_at_once_rises() -> None:
    first, second, third = tell(FrameTime(7.0), FrameTime(7.0), FrameTime(7.0))
    assert first < second < third < 0.01


def test_clock_uses_the_presentation_where_there_is_no_capture_time() -> None:
    frames = [FrameTime(n * 0.2, None, n * 40 * MS) for n in range(4)]
    assert tell(*frames) == pytest.approx([0, 0.04, 0.08, 0.12])


def test_clock_prefers_the_capture_time_to_the_presentation() -> None:
    frames = [FrameTime(n * 0.2, n * 100 * MS, n * 40 * MS) for n in range(3)]
    assert tell(*frames) == pytest.approx([0, 0.1, 0.2])


def test_clock_that_stands_still_counts_arrivals() -> None:
    frames = [FrameTime(n * 0.2, 123, 456) for n in range(4)]
    assert tell(*frames) == pytest.approx([0, 0.2, 0.4, 0.6])


def test_clock_of_whole_seconds_runs_no_faster_than_time() -> None:
    frames = [FrameTime(n * 0.25, n // 4 * 1000 * MS) for n in range(41)]
    assert tell(*frames)[-1] == pytest.approx(10.0)


def test_clock_that_falls_out_is_replaced_by_arrivals_and_comes_back() -> None:
    frames = [
        FrameTime(0.0, 0),
        FrameTime(1.0, 100 * MS),
        FrameTime(1.3, None),
        FrameTime(1.6, None),
        FrameTime(2.0, 800 * MS),
        FrameTime(3.0, 900 * MS),
    ]
    assert tell(*frames) == pytest.approx([0, 0.1, 0.4, 0.7, 0.8, 0.9])


def test_clock_of_one_frame_in_ten_minutes_is_believed() -> None:
    frames = [FrameTime(n * 600.0, n * 600_000 * MS) for n in range(3)]
    assert tell(*frames) == pytest.approx([0, 600, 1200])
