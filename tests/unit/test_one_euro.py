import numpy as np
import pytest
from posewire_server.inference.tracking.one_euro import OneEuroFilter
from posewire_server.inference.tracking.tracking_settings import SmoothingSettings

SIZES = np.array([100.0])


def run(
    values: list[float], times_s: list[float], settings: SmoothingSettings | None = None
) -> list[float]:
    points = np.array(values)[:, None, None, None] * np.ones(2)
    smoother = OneEuroFilter.start(settings or SmoothingSettings(), points[0], times_s[0])
    rest = zip(points[1:], times_s[1:], strict=True)
    smoothed = [smoother.smooth(each, SIZES, time_s)[0, 0, 0] for each, time_s in rest]
    return [values[0], *map(float, smoothed)]


def reference(values: list[float], times_s: list[float], settings: SmoothingSettings) -> float:
    """The filter as the paper has it, for one coordinate; speeds as those of x and y together."""
    value, speed = values[0], 0.0
    for new, passed_s in zip(values[1:], np.diff(times_s), strict=True):
        share = 1 / (1 + 1 / (2 * np.pi * 1.0 * passed_s))
        speed += share * ((new - value) / passed_s - speed)
        cutoff_hz = settings.min_cutoff_hz + settings.speed_coefficient * (
            np.hypot(speed, speed) / SIZES[0]
        )
        value += (new - value) / (1 + 1 / (2 * np.pi * cutoff_hz * passed_s))
    return float(value)


def test_smooth_is_the_papers_filter_at_uneven_times() -> None:
    rng = np.random.default_rng(0)
    values, times_s = rng.normal(0, 5, 30).tolist(), np.cumsum(rng.uniform(0.01, 0.2, 30)).tolist()
    settings = SmoothingSettings(1.3, 2.0)
    assert run(values, times_s, settings)[-1] == pytest.approx(reference(values, times_s, settings))


def test_smooth_what_rests_stays_in_place() -> None:
    assert run([7.0] * 5, [0, 0.1, 0.2, 0.5, 0.6]) == pytest.approx([7.0] * 5)


def test_smooth_takes_most_of_the_jitter_of_what_rests() -> None:
    rng = np.random.default_rng(0)
    noisy = rng.normal(0, 0.4, 300).tolist()
    smoothed = run(noisy, (np.arange(300) / 30).tolist())
    assert np.std(smoothed[30:]) < 0.4 * np.std(noisy[30:])


def test_smooth_follows_what_moves_within_a_frame() -> None:
    times_s = np.arange(90) / 30
    moved = 50 * times_s
    late = moved - run(moved.tolist(), times_s.tolist())
    assert late[-1] < 50 / 30


def test_smooth_what_returns_after_long_is_hardly_held_back() -> None:
    assert run([0.0, 0.0, 30.0], [0.0, 0.1, 2.0])[-1] > 26


def test_smooth_missing_stays_missing_and_is_taken_up_again() -> None:
    smoothed = run([1.0, np.nan, 1.0, 2.0], [0.0, 0.1, 0.2, 0.3])
    assert np.isnan(smoothed[1])
    assert smoothed[2] == pytest.approx(1.0)
    assert 1.0 < smoothed[3] < 2.0


def test_smooth_what_is_found_for_the_first_time_is_as_found() -> None:
    assert run([np.nan, 5.0], [0.0, 0.1])[1] == 5.0
