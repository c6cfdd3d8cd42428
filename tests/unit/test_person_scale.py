import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.estimators.person_scale import person_crop, person_height
from posewire_server.skeletons import MPII16, OPENPOSE18, Skeleton

Points = npt.NDArray[np.float64]
NAN = np.nan


def standing(height: float, x: float = 100.0, y: float = 50.0) -> Points:
    """Returns (18, 2) of OPENPOSE18: a person who stands upright with hanging arms."""
    points = np.full((18, 2), NAN)
    points[[0, 1]] = [[0, 0.06], [0, 0.18]]
    for side, arm, leg in ((-1, (2, 3, 4), (8, 9, 10)), (1, (5, 6, 7), (11, 12, 13))):
        points[list(arm)] = [[side * 0.129, 0.18], [side * 0.129, 0.366], [side * 0.129, 0.512]]
        points[list(leg)] = [[side * 0.08, 0.47], [side * 0.08, 0.715], [side * 0.08, 0.961]]
    return points * height + np.array([x, y])


def test_person_height_of_a_standing_person_is_the_height() -> None:
    assert person_height(standing(200), OPENPOSE18) == pytest.approx(200, rel=0.05)


def test_person_height_of_an_upper_body_is_still_the_whole_height() -> None:
    points = standing(200)
    points[8:14] = NAN
    assert person_height(points, OPENPOSE18) == pytest.approx(200, rel=0.05)


def test_person_height_ignores_limbs_towards_the_camera() -> None:
    points = standing(200)
    points[[4, 7]] = points[[3, 6]] + 1  # Both forearms point at the camera.
    assert person_height(points, OPENPOSE18) == pytest.approx(200, rel=0.05)


@pytest.mark.parametrize("kept", [(), (0,), (2, 3), (14, 15, 16, 17)])
def test_person_height_of_too_few_limbs_is_unknown(kept: tuple[int, ...]) -> None:
    points = np.full((18, 2), NAN)
    points[list(kept)] = standing(200)[list(kept)]
    assert np.isnan(person_height(points, OPENPOSE18))


@pytest.mark.parametrize("skeleton", [OPENPOSE18, MPII16], ids=lambda skeleton: skeleton.name)
def test_person_height_needs_limb_lengths_that_add_up_to_a_person(skeleton: Skeleton) -> None:
    assert len(skeleton.limb_lengths) == len(skeleton.limbs)
    lengths = dict(zip(skeleton.limbs, skeleton.limb_lengths, strict=True))
    shin = next(length for limb, length in lengths.items() if _is_shin(skeleton, limb))
    assert shin == pytest.approx(0.246)


def _is_shin(skeleton: Skeleton, limb: tuple[int, int]) -> bool:
    return {skeleton.keypoints[index] for index in limb} == {"left_knee", "left_ankle"}


def test_person_crop_holds_the_whole_person() -> None:
    crop = person_crop(standing(200), OPENPOSE18)
    assert crop is not None
    assert crop.size == pytest.approx((250, 250), rel=0.05)
    assert crop.centre == pytest.approx((100, 50 + 200 * 0.51), rel=0.05)


def test_person_crop_of_an_upper_body_has_the_size_for_the_whole_person() -> None:
    points = standing(200)
    points[8:14] = NAN
    crop = person_crop(points, OPENPOSE18)
    assert crop is not None
    assert crop.size[0] == pytest.approx(250, rel=0.05)


def test_person_crop_without_limbs_grows_with_the_box() -> None:
    points = np.full((18, 2), NAN)
    points[[16, 17]] = [[10, 10], [50, 20]]
    crop = person_crop(points, OPENPOSE18)
    assert crop is not None
    assert crop.size[0] == pytest.approx(1.25 * 1.5 * 40)
    assert crop.centre == pytest.approx((30, 15))


@pytest.mark.parametrize("count", [0, 1])
def test_person_crop_of_too_little_is_none(count: int) -> None:
    points = np.full((18, 2), NAN)
    points[:count] = 5.0
    assert person_crop(points, OPENPOSE18) is None
