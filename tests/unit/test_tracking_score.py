import math

import numpy as np
import pytest
from posewire_server.inference.tracking.keypoint_similarity import sigmas_of
from posewire_server.skeletons import OPENPOSE18

from tests.benchmarks.tracking_score import Instances, TrackingScore, score_tracking
from tests.walking import standing

SPREADS = sigmas_of(OPENPOSE18.keypoints)
PLACES = {"a": 200.0, "b": 600.0, "c": 1000.0}


def at(**ids: int) -> Instances:
    """Returns people at places by name, under these ids."""
    points = np.array([standing(PLACES[place]) for place in ids]).reshape(-1, 18, 2)
    return Instances(tuple(ids.values()), points)


def score(*frames: tuple[Instances, Instances]) -> TrackingScore:
    return score_tracking(frames, SPREADS)


def test_score_of_the_truth_is_perfect() -> None:
    frames = [(at(a=1, b=2), at(a=7, b=9))] * 4
    result = score(*frames)
    assert result == TrackingScore(8, 8, 8, 0, 8)
    assert (result.mota, result.idf1) == (1.0, 1.0)


def test_score_counts_misses_and_false_positives() -> None:
    result = score((at(a=1, b=2), at(a=1)), (at(a=1, b=2), at(a=1, b=2, c=3)))
    assert result == TrackingScore(4, 4, 3, 0, 3)
    assert result.mota == pytest.approx(1 - 2 / 4)
    assert result.idf1 == pytest.approx(2 * 3 / 8)


def test_score_counts_a_swap_as_two_switches() -> None:
    before, after = at(a=1, b=2), at(a=2, b=1)
    result = score((before, before), (before, before), (before, after))
    assert result.switches == 2
    assert result.mota == pytest.approx(1 - 2 / 6)
    assert result.identified == 4


def test_score_counts_a_new_id_after_a_gap_as_a_switch() -> None:
    result = score((at(a=1), at(a=5)), (at(a=1), at()), (at(a=1), at(a=6)))
    assert result.switches == 1
    assert result == TrackingScore(3, 2, 2, 1, 1)


def test_score_keeps_the_pose_of_before_where_two_fit() -> None:
    double = Instances((5, 6), np.array([standing(206.0), standing(200.0)]))
    result = score((at(a=1), at(a=5)), (at(a=1), double))
    assert result.switches == 0


def test_score_pose_far_away_is_of_nobody() -> None:
    assert score((at(a=1), at(b=1))) == TrackingScore(1, 1, 0, 0, 0)


def test_score_of_nothing_has_no_figures() -> None:
    result = score((at(), at()))
    assert math.isnan(result.mota)
    assert math.isnan(result.idf1)
