from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.frame import Region
from posewire_server.pose import Poses
from posewire_server.tools.evaluation.labels import Instance, LabelledPicture
from posewire_server.tools.evaluation.oks import score_oks

RNG = np.random.default_rng(7)
SQUARE = np.array([(300, 300), (400, 300), (400, 400), (300, 400)], np.float32)


def person(x: float, y: float, side: float = 100.0, *, crowd: bool = False) -> Instance:
    points = np.column_stack([RNG.uniform((x, y), (x + side, y + side), (17, 2)), np.full(17, 2.0)])
    return Instance(points, Region(x, y, x + side, y + side), 0.5 * side * side, crowd)


def picture(*persons: Instance) -> LabelledPicture:
    return LabelledPicture(Path("p.jpg"), "coco", (640, 480), persons)


def poses(*keypoints: npt.NDArray[np.float64], scores: tuple[float, ...] = ()) -> Poses:
    """Poses at the given places."""
    result = np.asarray(keypoints, np.float32).reshape(-1, 17, 3)
    return Poses(result, np.asarray(scores or np.ones(len(keypoints)), np.float32))


def figures(pictures: list[LabelledPicture], found: list[Poses]) -> dict[str, float]:
    return score_oks(pictures, found)[0]


def test_score_poses_on_the_labels_is_perfect() -> None:
    pictures = [picture(person(10, 20), person(200, 50)), picture(person(90, 90))]
    found = [poses(*(each.keypoints for each in one.instances)) for one in pictures]
    values = figures(pictures, found)
    assert list(values) == ["AP", "AP50", "AP75", "AR"]
    np.testing.assert_allclose(list(values.values()), 1.0)


def test_score_nothing_found_is_zero() -> None:
    assert set(figures([picture(person(10, 20))], [poses()]).values()) == {0.0}


def test_score_nobody_to_find_is_no_number() -> None:
    assert np.isnan(list(figures([picture()], [poses()]).values())).all()


def test_score_curve_has_the_precision_at_each_threshold() -> None:
    one = person(10, 20)
    points = one.keypoints.copy()
    points[:6, :2] = np.nan  # OKS 11/17 = .647 passes .50, .55 and .60
    _, curve = score_oks([picture(one)], [poses(points)])
    np.testing.assert_allclose(curve.x, np.arange(50, 100, 5) / 100)
    np.testing.assert_allclose(curve.y, [1.0] * 3 + [0.0] * 7)


def test_score_falls_with_the_distance_from_the_labels() -> None:
    one = person(10, 20)
    shifted = [one.keypoints + np.array([shift, 0, 0]) for shift in (0.0, 4.0, 8.0, 40.0)]
    values = [figures([picture(one)], [poses(points)])["AP"] for points in shifted]
    assert values[0] == pytest.approx(1.0)
    assert values == sorted(values, reverse=True)
    assert values[3] == 0.0


def test_score_missing_keypoints_lower_the_similarity() -> None:
    one = person(10, 20)
    points = one.keypoints.copy()
    points[:6, :2] = np.nan
    accuracy = figures([picture(one)], [poses(points)])
    assert accuracy["AP"] == pytest.approx(0.3)  # OKS 11/17 = .647 passes .50, .55 and .60


def test_score_false_pose_ranked_first_halves_the_precision() -> None:
    one, nobody = person(10, 20), person(400, 300)
    found = poses(nobody.keypoints, one.keypoints, scores=(0.9, 0.5))
    assert figures([picture(one)], [found])["AP"] == pytest.approx(0.5)


def test_score_unlabelled_person_is_excused_where_not_everybody_is_labelled() -> None:
    one, stranger = person(10, 20), person(400, 300)
    found = [poses(stranger.keypoints, one.keypoints, scores=(0.9, 0.5))]
    accuracy = figures([replace(picture(one), is_exhaustive=False)], found)
    assert accuracy["AP"] == pytest.approx(1.0)


def test_score_pose_in_an_ignore_region_is_excused() -> None:
    one, inside, outside = person(10, 20), person(310, 310, 80), person(450, 300, 80)
    regions = replace(picture(one), ignore_regions=(SQUARE,))
    for stranger, expected in ((inside, 1.0), (outside, 0.5)):
        found = [poses(stranger.keypoints, one.keypoints, scores=(0.9, 0.5))]
        assert figures([regions], found)["AP"] == pytest.approx(expected)


def test_score_pose_without_keypoints_is_a_mistake_like_others() -> None:
    one = person(10, 20)
    nothing = np.full((17, 3), (np.nan, np.nan, 0))
    found = [poses(nothing, one.keypoints, scores=(0.9, 0.5))]
    assert figures([replace(picture(one), ignore_regions=(SQUARE,))], found)["AP"] == pytest.approx(
        0.5
    )


def test_score_pose_on_a_crowd_is_excused() -> None:
    one, crowd = person(10, 20), person(300, 200, crowd=True)
    found = [poses(crowd.keypoints, one.keypoints, scores=(0.9, 0.5))]
    accuracy = figures([picture(one, crowd)], found)
    assert accuracy["AP"] == pytest.approx(1.0)


def test_score_poses_where_nobody_is_cost_precision() -> None:
    one = person(10, 20)
    found = [poses(one.keypoints, scores=(0.5,)), poses(one.keypoints, scores=(0.9,))]
    assert figures([picture(one), picture()], found)["AP"] == pytest.approx(0.5)


def test_score_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    figures([picture(person(10, 20))], [poses()])
    assert capsys.readouterr().out == ""
