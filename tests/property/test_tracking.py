"""Tracking: whatever is found whenever, ids are of one instance each and no number is lost."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from posewire_server.inference.tracking.assignment import assign
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracker import Tracker
from posewire_server.inference.tracking.tracking_settings import SmoothingSettings, TrackingSettings
from posewire_server.pose import Poses
from posewire_server.skeletons import OPENPOSE18

SIZE = (640, 480)
COUNTS = st.tuples(st.integers(0, 5), st.integers(0, 5))
GAINS = COUNTS.flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([-1.0, 0, 0.1, 0.5, 0.7, 1]))
)
SETTINGS = st.builds(
    TrackingSettings,
    st.sampled_from([0.1, 1.0, 60.0]),
    st.sampled_from([0.0, 0.1, 1.0]),
    st.sampled_from([None, SmoothingSettings(), SmoothingSettings(1e-6, 0.0)]),
)
CLOCKS = st.one_of(st.none(), st.integers(-(10**30), 10**30), st.integers(0, 10**10))
FRAMES = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(0, 2**32 - 1), CLOCKS, st.sampled_from([0.0, 0.01, 0.5, 1e7])
    ),
    max_size=12,
)


def most(gains: np.ndarray) -> float:
    rows, columns = gains.shape
    if rows > columns:
        return most(gains.T)
    orders = itertools.permutations(range(columns), rows)
    return max(sum(max(gains[r, c], 0.0) for r, c in enumerate(order)) for order in orders)


def some_poses(count: int, seed: int) -> Poses:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-50, 700, (count, 1, 2)) + rng.normal(0, 60, (count, 18, 2))
    points[rng.random((count, 18)) < rng.random()] = np.nan
    scores = np.where(np.isnan(points[:, :, :1]), 0, 0.5)
    keypoints = np.concatenate([points, scores], 2).astype(np.float32)
    return Poses(keypoints, rng.random(count).astype(np.float32))


@given(GAINS)
def test_assign_gains_the_most_and_uses_each_once(gains: np.ndarray) -> None:
    rows, columns = assign(gains)
    assert len(set(rows.tolist())) == len(rows)
    assert len(set(columns.tolist())) == len(columns)
    assert (gains[rows, columns] > 0).all()
    assert abs(gains[rows, columns].sum() - most(gains)) < 1e-9


@given(FRAMES, SETTINGS)
def test_follow_whatever_comes_keeps_ids_apart_and_numbers_finite(
    frames: list[tuple[int, int, int | None, float]], settings: TrackingSettings
) -> None:
    tracker, arrived_s = Tracker(OPENPOSE18, settings), 0.0
    for count, seed, capture_ns, passed_s in frames:
        poses, arrived_s = some_poses(count, seed), arrived_s + passed_s
        answered = tracker.update(poses, FrameTime(arrived_s, capture_ns), SIZE)
        assert answered.ids is not None
        numbers = answered.ids.tolist()
        assert len(set(numbers)) == len(numbers)
        assert all(number > 0 for number in numbers)
        seen = poses.found.any(1) & (poses.scores > 0)
        assert len(answered) >= seen.sum()
        assert np.isfinite(answered.keypoints[answered.found]).all()
        assert (answered.keypoints[~answered.found][:, 2] == 0).all()
        assert np.isfinite(answered.scores).all()
        if settings.smoothing is None:
            given_points = {tuple(row) for row in poses.keypoints[poses.found].tolist()}
            own = answered.found
            if answered.interpolated is not None:
                own = own & ~answered.interpolated
            assert {tuple(row) for row in answered.keypoints[own].tolist()} == given_points
