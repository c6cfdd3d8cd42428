import numpy as np
import pytest
from posewire_server.inference.tracking.frame_clock import FrameTime
from posewire_server.inference.tracking.tracker import Tracker
from posewire_server.inference.tracking.tracking_settings import SmoothingSettings, TrackingSettings
from posewire_server.pose import Poses
from posewire_server.skeletons import HAND21, IBUG68, OPENPOSE18

from tests.benchmarks.walks import SIZE, Walker
from tests.walking import follow, ids, poses_of, standing

FPS = 30.0
PAIRS = np.array(OPENPOSE18.symmetric_pairs)


def tracker(**settings: float) -> Tracker:
    return Tracker(OPENPOSE18, TrackingSettings(**settings))


def mirrored(points: np.ndarray) -> np.ndarray:
    points = points.copy()
    points[PAIRS] = points[PAIRS[:, ::-1]]
    return points


def test_follow_gives_each_their_own_id_and_keeps_it() -> None:
    tracked = tracker()
    assert ids(follow(tracked, 0.0, standing(200), standing(900))) == [1, 2]
    assert ids(follow(tracked, 0.1, standing(905), standing(205))) == [2, 1]


def test_follow_nobody_answers_nobody_with_ids() -> None:
    tracked = tracker()
    assert ids(follow(tracked, 0.0)) == []
    follow(tracked, 0.1, standing(200))
    assert ids(follow(tracked, 0.2)) == []


def test_follow_without_options_changes_no_keypoint() -> None:
    tracked = tracker()
    for number in range(3):
        people = standing(200 + 9 * number), standing(700)
        answered = follow(tracked, number / FPS, *people)
        np.testing.assert_array_equal(answered.keypoints, poses_of(*people).keypoints)
        assert answered.interpolated is None


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0, 120.0])
def test_follow_two_who_cross_do_not_change_ids(fps: float) -> None:
    tracked = tracker()
    right = Walker((300.0, 600.0), (200.0, 0.0), 300.0)
    left = Walker((900.0, 610.0), (-200.0, 0.0), 290.0, phase=0.3)
    for number in range(round(3 * fps)):
        time_s = number / fps
        answered = follow(tracked, time_s, right.points(time_s), left.points(time_s))
    assert ids(answered) == [1, 2]


def test_follow_one_who_is_hidden_while_crossing_comes_back_with_their_id() -> None:
    tracked = tracker()
    right = Walker((300.0, 600.0), (200.0, 0.0), 300.0)
    left = Walker((900.0, 610.0), (-200.0, 0.0), 290.0, phase=0.3)
    for number in range(90):
        time_s = number / FPS
        hidden = abs(right.points(time_s)[1, 0] - left.points(time_s)[1, 0]) < 90
        people = [right.points(time_s)] if hidden else [right.points(time_s), left.points(time_s)]
        answered = follow(tracked, time_s, *people)
    assert ids(answered) == [1, 2]


@pytest.mark.parametrize(("gap_s", "number"), [(0.99, 1), (1.02, 2)])
def test_follow_out_of_sight_keeps_the_id_for_the_longest_gap(gap_s: float, number: int) -> None:
    tracked = tracker(max_gap_s=1.0)
    follow(tracked, 0.0, standing(400))
    assert ids(follow(tracked, gap_s, standing(400))) == [number]


def test_follow_longest_gap_is_of_time_not_of_frames() -> None:
    tracked = tracker(max_gap_s=2.0)
    follow(tracked, 0.0, standing(400))
    for number in range(1, 190):
        follow(tracked, number / 100)
    assert ids(follow(tracked, 1.9, standing(400))) == [1]
    assert ids(follow(tracked, 3.8, standing(400))) == [1]
    assert ids(follow(tracked, 5.9, standing(400))) == [2]


def test_follow_who_leaves_and_returns_where_they_left_keeps_the_id() -> None:
    tracked = tracker()
    walker = Walker((1100.0, 600.0), (240.0, 0.0), 300.0, turns_s=(1.2,))
    for number in range(66):
        points = walker.points(number / FPS)
        points[(points > SIZE).any(1)] = np.nan
        is_seen = np.isfinite(points[:, 0]).sum() > 5
        answered = follow(tracked, number / FPS, *([points] if is_seen else []))
    assert ids(answered) == [1]


def test_follow_ids_are_never_used_again() -> None:
    tracked, seen = tracker(max_gap_s=0.1), []
    for number in range(5):
        seen += ids(follow(tracked, number, standing(400)))
    assert seen == [1, 2, 3, 4, 5]


def test_follow_a_back_taken_for_a_front_keeps_the_id() -> None:
    tracked = tracker()
    follow(tracked, 0.0, standing(400), standing(470))
    answered = follow(tracked, 0.03, mirrored(standing(402)), mirrored(standing(472)))
    assert ids(answered) == [1, 2]


def test_follow_a_part_found_beside_the_whole_is_somebody_new() -> None:
    tracked = tracker()
    for number in range(9):
        follow(tracked, number / FPS, standing(400))
    arm = np.full((18, 2), np.nan)
    arm[2:5] = standing(400)[2:5]
    assert ids(follow(tracked, 0.3, arm, standing(403))) == [2, 1]


def test_follow_a_jolt_of_the_camera_costs_no_ids() -> None:
    tracked = tracker()
    people = [standing(x, height=h) for x, h in ((200, 250), (500, 300), (900, 280), (1100, 110))]
    for number in range(6):
        follow(tracked, number / FPS, *people)
    jolted = [points + np.array([14.0, 26.0]) for points in people]
    assert ids(follow(tracked, 0.2, *jolted)) == [1, 2, 3, 4]


def test_follow_keeps_the_ids_of_the_crops_that_poses_were_read_in() -> None:
    tracked = tracker()
    first = Poses(*_arrays(poses_of(standing(200), standing(900))), ids=np.array([0, 0]))
    swapped = Poses(*_arrays(poses_of(standing(900), standing(200))), ids=np.array([1, 2]))
    assert ids(tracked.update(first, FrameTime(0.0), SIZE)) == [1, 2]
    assert ids(tracked.update(swapped, FrameTime(0.1), SIZE)) == [1, 2]


def test_follow_who_was_lost_and_found_keeps_the_id() -> None:
    tracked = tracker()
    for number, crop_id in ((0, 0), (1, 1), (2, 0)):
        poses = Poses(*_arrays(poses_of(standing(200))), ids=np.array([crop_id]))
        assert ids(tracked.update(poses, FrameTime(number / FPS), SIZE)) == [1]


def test_follow_an_id_that_has_expired_is_not_used_again() -> None:
    tracked = tracker(max_gap_s=0.1)
    follow(tracked, 0.0, standing(200))
    poses = Poses(*_arrays(poses_of(standing(200))), ids=np.array([1]))
    assert ids(tracked.update(poses, FrameTime(0.5), SIZE)) == [2]


def test_follow_tells_the_ids_in_the_order_in_which_poses_were_given() -> None:
    tracked = tracker(fill_gap_s=0.2)
    follow(tracked, 0.0, standing(200), standing(900), standing(500))
    people = poses_of(standing(900), np.full((18, 2), np.nan), standing(200))
    answered = tracked.update(people, FrameTime(0.1), SIZE)
    assert sorted(ids(answered)) == [1, 2, 3]
    assert tracked.found_ids.tolist() == [2, 0, 1]


def test_follow_closed_answers_what_was_asked_in_its_order() -> None:
    tracked = tracker(fill_gap_s=1.0)
    follow(tracked, 0.0, standing(200), standing(900))
    nothing = np.full((18, 2), np.nan)
    asked = poses_of(standing(900), nothing)
    answered = tracked.update(asked, FrameTime(0.1), SIZE, is_closed=True)
    assert ids(answered) == [2, 0]
    assert answered.interpolated is not None
    assert not answered.interpolated.any()
    np.testing.assert_array_equal(answered.keypoints[1], asked.keypoints[1])


def test_follow_missing_keypoint_is_filled_in_where_it_is_expected() -> None:
    tracked = tracker(fill_gap_s=0.2)
    walker = Walker((300.0, 600.0), (150.0, 0.0), 300.0)
    for number in range(20):
        follow(tracked, number / FPS, walker.points(number / FPS))
    seen = walker.points(20 / FPS)
    seen[0] = np.nan
    answered = follow(tracked, 20 / FPS, seen)
    assert answered.interpolated is not None
    assert np.flatnonzero(answered.interpolated[0]).tolist() == [0]
    np.testing.assert_allclose(answered.keypoints[0, 0, :2], walker.points(20 / FPS)[0], atol=3)
    assert 0.4 <= answered.keypoints[0, 0, 2] < 0.8


def test_follow_missing_person_is_filled_in_for_the_longest_fill() -> None:
    tracked = tracker(fill_gap_s=0.2)
    follow(tracked, 0.0, standing(400), standing(900))
    follow(tracked, 0.1, standing(400), standing(900))
    for time_s in (0.2, 0.3):
        answered = follow(tracked, time_s, standing(400))
        assert ids(answered) == [1, 2]
        assert answered.interpolated is not None
        assert answered.interpolated.all(1).tolist() == [False, True]
        assert answered.scores[1] < answered.scores[0]
    assert ids(follow(tracked, 0.31, standing(400))) == [1]
    assert ids(follow(tracked, 0.4, standing(400), standing(900))) == [1, 2]


def test_follow_fills_in_nothing_outside_the_picture() -> None:
    tracked = tracker(fill_gap_s=0.5)
    walker = Walker((1150.0, 600.0), (300.0, 0.0), 300.0)
    for number in range(10):
        follow(tracked, number / FPS, walker.points(number / FPS))
    for number in range(10, 24):
        answered = follow(tracked, number / FPS)
        found = answered.keypoints[answered.found]
        assert (found[:, 0] <= SIZE[0]).all()
    assert len(answered) == 0


def test_follow_smooths_with_depths_and_sides_kept() -> None:
    rng = np.random.default_rng(0)
    settings = TrackingSettings(smoothing=SmoothingSettings())
    tracked = Tracker(HAND21, settings)
    hand = rng.uniform(100, 200, (1, 21, 2))
    spread = []
    for number in range(60):
        noisy = hand + rng.normal(0, 0.5, hand.shape)
        keypoints = np.dstack([noisy, np.ones((1, 21))]).astype(np.float32)
        depths = rng.normal(0, 0.5, (1, 21)).astype(np.float32)
        poses = Poses(keypoints, np.ones(1, np.float32), depths, np.array([0.9], np.float32))
        answered = tracked.update(poses, FrameTime(number / FPS), SIZE)
        assert answered.depths is not None
        assert answered.sides is not None
        assert answered.sides.tolist() == poses.sides.tolist()  # type: ignore[union-attr]
        spread.append((answered.keypoints[0, 0, 0], answered.depths[0, 0]))
    assert np.std(spread[20:], axis=0).max() < 0.25


def test_follow_a_frame_without_hands_tells_no_depths_and_costs_none() -> None:
    tracked = Tracker(HAND21, TrackingSettings(smoothing=SmoothingSettings()))
    hand = np.random.default_rng(0).uniform(100, 200, (1, 21, 3)).astype(np.float32)
    ones = np.ones(1, np.float32)
    nobody = Poses(np.zeros((0, 21, 3), np.float32), np.zeros(0, np.float32))
    seen = []
    for number, poses in enumerate([Poses(hand, ones, hand[:, :, 0], ones), nobody] * 2):
        seen.append(ids(tracked.update(poses, FrameTime(number / FPS), SIZE)))
    assert seen == [[1], [], [1], []]


def test_follow_faces_have_no_body_and_are_told_apart_all_the_same() -> None:
    rng = np.random.default_rng(1)
    tracked = Tracker(IBUG68, TrackingSettings())
    faces = rng.uniform(0, 100, (2, 68, 2)) + np.array([[[100, 100]], [[600, 100]]])
    for number in range(3):
        moved = np.dstack([faces + 4 * number, np.ones((2, 68))]).astype(np.float32)
        poses = Poses(moved[:: (-1) ** number], np.ones(2, np.float32))
        answered = tracked.update(poses, FrameTime(number / FPS), SIZE)
    assert ids(answered) == [1, 2]


def _arrays(poses: Poses) -> tuple[np.ndarray, np.ndarray]:
    return poses.keypoints, poses.scores
