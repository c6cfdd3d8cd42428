from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.accuracy import score
from posewire_server.labels import LabelledPicture, Person
from posewire_server.pose import Poses
from posewire_server.skeletons import COCO17, OPENPOSE18

RNG = np.random.default_rng(7)
SQUARE = np.array([(300, 300), (400, 300), (400, 400), (300, 400)], np.float32)


def person(x: float, y: float, side: float = 100.0, *, crowd: bool = False) -> Person:
    points = np.column_stack([RNG.uniform((x, y), (x + side, y + side), (17, 2)), np.full(17, 2.0)])
    return Person(points, (x, y, side, side), 0.5 * side * side, crowd)


def picture(*persons: Person) -> LabelledPicture:
    return LabelledPicture(
        Path("p.jpg"), (640, 480), persons, is_exhaustive=True, ignore_regions=()
    )


def poses(*keypoints: npt.NDArray[np.float64], scores: tuple[float, ...] = ()) -> Poses:
    """Poses over OPENPOSE18 whose COCO keypoints are at the given places."""
    result = np.full((len(keypoints), 18, 3), (np.nan, np.nan, 0.0), np.float32)
    index = [OPENPOSE18.keypoints.index(name) for name in COCO17.keypoints]
    for pose, points in zip(result, keypoints, strict=True):
        pose[index] = points
        pose[1] = pose[index].mean(axis=0)
    return Poses(result, np.asarray(scores or np.ones(len(keypoints)), np.float32))


def test_score_poses_on_the_labels_is_perfect() -> None:
    pictures = [picture(person(10, 20), person(200, 50)), picture(person(90, 90))]
    found = [poses(*(each.keypoints for each in one.persons)) for one in pictures]
    accuracy = score(pictures, found, OPENPOSE18)
    values = (accuracy.ap, accuracy.ap50, accuracy.ap75, accuracy.ar)
    np.testing.assert_allclose(values, 1.0)
    assert (accuracy.images, accuracy.persons) == (2, 3)


def test_score_nothing_found_is_zero() -> None:
    accuracy = score([picture(person(10, 20))], [poses()], OPENPOSE18)
    assert (accuracy.ap, accuracy.ar) == (0.0, 0.0)


def test_score_falls_with_the_distance_from_the_labels() -> None:
    one = person(10, 20)
    shifted = [one.keypoints + np.array([shift, 0, 0]) for shift in (0.0, 4.0, 8.0, 40.0)]
    values = [score([picture(one)], [poses(points)], OPENPOSE18).ap for points in shifted]
    assert values[0] == pytest.approx(1.0)
    assert values == sorted(values, reverse=True)
    assert values[3] == 0.0


def test_score_missing_keypoints_lower_the_similarity() -> None:
    one = person(10, 20)
    points = one.keypoints.copy()
    points[:6, :2] = np.nan
    accuracy = score([picture(one)], [poses(points)], OPENPOSE18)
    assert accuracy.ap == pytest.approx(0.3)  # OKS 11/17 = .647 passes .50, .55 and .60


def test_score_false_pose_ranked_first_halves_the_precision() -> None:
    one, nobody = person(10, 20), person(400, 300)
    found = poses(nobody.keypoints, one.keypoints, scores=(0.9, 0.5))
    assert score([picture(one)], [found], OPENPOSE18).ap == pytest.approx(0.5)


def test_score_unlabelled_person_is_excused_where_not_everybody_is_labelled() -> None:
    one, stranger = person(10, 20), person(400, 300)
    found = [poses(stranger.keypoints, one.keypoints, scores=(0.9, 0.5))]
    accuracy = score([replace(picture(one), is_exhaustive=False)], found, OPENPOSE18)
    assert accuracy.ap == pytest.approx(1.0)


def test_score_pose_in_an_ignore_region_is_excused() -> None:
    one, inside, outside = person(10, 20), person(310, 310, 80), person(450, 300, 80)
    regions = replace(picture(one), ignore_regions=(SQUARE,))
    for stranger, expected in ((inside, 1.0), (outside, 0.5)):
        found = [poses(stranger.keypoints, one.keypoints, scores=(0.9, 0.5))]
        assert score([regions], found, OPENPOSE18).ap == pytest.approx(expected)


def test_score_pose_on_a_crowd_is_excused() -> None:
    one, crowd = person(10, 20), person(300, 200, crowd=True)
    found = [poses(crowd.keypoints, one.keypoints, scores=(0.9, 0.5))]
    accuracy = score([picture(one, crowd)], found, OPENPOSE18)
    assert accuracy.ap == pytest.approx(1.0)
    assert accuracy.persons == 1


def test_score_poses_where_nobody_is_cost_precision() -> None:
    one = person(10, 20)
    found = [poses(one.keypoints, scores=(0.5,)), poses(one.keypoints, scores=(0.9,))]
    assert score([picture(one), picture()], found, OPENPOSE18).ap == pytest.approx(0.5)


def test_score_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    score([picture(person(10, 20))], [poses()], OPENPOSE18)
    assert capsys.readouterr().out == ""
