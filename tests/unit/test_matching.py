import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.tools.evaluation.distance import LEAST_OVERLAP, box_around, match

Array = npt.NDArray[np.float64]


def corners(x: float, y: float, side: float = 10.0) -> Array:
    """Four points whose box, with its margin, is a square of the given side."""
    low, high = 0.5, side - 0.5
    return np.array([(x + a, y + b) for a in (low, high) for b in (low, high)])


def stack(*instances: Array) -> Array:
    return np.array(instances).reshape(-1, 4, 2)


def test_box_around_leaves_out_what_is_not_there() -> None:
    points = np.array([(3.0, 4.0), (np.nan, np.nan), (7.0, 5.0)])
    assert box_around(points).tolist() == [2.5, 3.5, 7.5, 5.5]


def test_match_takes_the_pair_that_overlaps_most_first() -> None:
    labelled = stack(corners(0, 0), corners(4, 0))
    found = stack(corners(3, 0))  # nearer to the second
    assert match(labelled, found).tolist() == [-1, 0]


def test_match_uses_every_pose_once() -> None:
    labelled = stack(corners(0, 0), corners(1, 0))
    found = stack(corners(1, 0), corners(2, 0))
    assert match(labelled, found).tolist() == [1, 0]


def test_match_overlap_below_the_least_is_none() -> None:
    side = 100.0
    shift = side * (1 - LEAST_OVERLAP) / (1 + LEAST_OVERLAP)
    labelled = stack(corners(0, 0, side))
    assert match(labelled, stack(corners(shift - 0.1, 0, side))).tolist() == [0]
    assert match(labelled, stack(corners(shift + 0.1, 0, side))).tolist() == [-1]


def test_match_looks_at_the_labelled_keypoints_only() -> None:
    labelled = stack(corners(0, 0))
    labelled[0, 3] = np.nan
    found = stack(corners(0, 0))
    found[0, 3] = 900.0
    assert match(labelled, found).tolist() == [0]


def test_match_one_labelled_keypoint_is_enough() -> None:
    labelled = np.array([[(5.0, 5.0), (np.nan, np.nan)]])
    assert match(labelled, np.array([[(5.0, 5.0), (0.0, 0.0)]])).tolist() == [0]


@pytest.mark.parametrize(("instances", "poses"), [(0, 0), (0, 2), (2, 0)])
def test_match_nothing_with_something_is_none(instances: int, poses: int) -> None:
    found = match(np.zeros((instances, 4, 2)), np.zeros((poses, 4, 2)))
    assert found.tolist() == [-1] * instances


def test_match_pose_without_keypoints_is_of_nobody() -> None:
    assert match(stack(corners(0, 0)), np.full((1, 4, 2), np.nan)).tolist() == [-1]
