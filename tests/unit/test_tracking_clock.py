import pytest
from posewire_server.inference.tracking.clock import Clock, Moment

MS = 10**6


def tell(*moments: Moment) -> list[float]:
    clock = Clock()
    return [clock.tell(moment) for moment in moments]


def test_clock_without_any_counts_arrivals() -> None:
    assert tell(Moment(7.0), Moment(7.5), Moment(9.0)) == [0, 0.5, 2.0]


def test_clock_of_frames_that_arrive_at_once_rises() -> None:
    first, second, third = tell(Moment(7.0), Moment(7.0), Moment(7.0))
    assert first < second < third < 0.01


def test_clock_uses_the_presentation_where_there_is_no_capture_time() -> None:
    moments = [Moment(n * 0.2, None, n * 40 * MS) for n in range(4)]
    assert tell(*moments) == pytest.approx([0, 0.04, 0.08, 0.12])


def test_clock_prefers_the_capture_time_to_the_presentation() -> None:
    moments = [Moment(n * 0.2, n * 100 * MS, n * 40 * MS) for n in range(3)]
    assert tell(*moments) == pytest.approx([0, 0.1, 0.2])


def test_clock_that_stands_still_counts_arrivals() -> None:
    moments = [Moment(n * 0.2, 123, 456) for n in range(4)]
    assert tell(*moments) == pytest.approx([0, 0.2, 0.4, 0.6])


def test_clock_of_whole_seconds_runs_no_faster_than_time() -> None:
    moments = [Moment(n * 0.25, n // 4 * 1000 * MS) for n in range(41)]
    assert tell(*moments)[-1] == pytest.approx(10.0)


def test_clock_that_falls_out_is_replaced_by_arrivals_and_comes_back() -> None:
    moments = [
        Moment(0.0, 0),
        Moment(1.0, 100 * MS),
        Moment(1.3, None),
        Moment(1.6, None),
        Moment(2.0, 800 * MS),
        Moment(3.0, 900 * MS),
    ]
    assert tell(*moments) == pytest.approx([0, 0.1, 0.4, 0.7, 0.8, 0.9])


def test_clock_of_one_frame_in_ten_minutes_is_believed() -> None:
    moments = [Moment(n * 600.0, n * 600_000 * MS) for n in range(3)]
    assert tell(*moments) == pytest.approx([0, 600, 1200])
