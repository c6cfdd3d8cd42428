import math

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.estimators.whole_body import face_crop, hand_crops

NAN = np.nan
Points = npt.NDArray[np.float64]


def nowhere() -> Points:
    return np.full((18, 2), NAN)


def head(**found: tuple[float, float]) -> Points:
    names = {"nose": 0, "neck": 1, "right_eye": 14, "left_eye": 15, "right_ear": 16, "left_ear": 17}
    points = nowhere()
    for name, place in found.items():
        points[names[name]] = place
    return points


def test_hand_crops_follow_the_rule_of_openpose() -> None:
    points = nowhere()
    points[[5, 6, 7]] = [[100, 100], [100, 200], [100, 260]]  # left: 100 long, then 60
    left, right = hand_crops(points)
    assert right is None
    assert left is not None
    assert left.centre == pytest.approx((100, 260 + 0.33 * 60))
    assert left.size == pytest.approx((1.5 * 90, 1.5 * 90))


@pytest.mark.parametrize(
    ("wrist", "rotation"),
    [((0, -80), 0.0), ((80, 0), math.pi / 2), ((0, 80), math.pi), ((-80, 0), -math.pi / 2)],
)
def test_hand_crop_turns_the_fingers_up(wrist: tuple[float, float], rotation: float) -> None:
    points = nowhere()
    points[[2, 3, 4]] = [[10, 10], [200, 200], [200 + wrist[0], 200 + wrist[1]]]
    _, right = hand_crops(points)
    assert right is not None
    assert math.remainder(right.rotation - rotation, 2 * math.pi) == pytest.approx(0, abs=1e-6)
    fingers = right.to_image(np.array([0.5, 0.25])) - np.array(right.centre)
    assert fingers @ np.array(wrist) > 0


def test_hand_crop_without_shoulder_goes_by_the_forearm() -> None:
    points = nowhere()
    points[[6, 7]] = [[100, 200], [100, 260]]
    left, _ = hand_crops(points)
    assert left is not None
    assert left.size[0] == pytest.approx(90)


@pytest.mark.parametrize("missing", [6, 7])
def test_hand_crop_without_elbow_or_wrist_is_none(missing: int) -> None:
    points = nowhere()
    points[[5, 6, 7]] = [[100, 100], [100, 200], [100, 260]]
    points[missing] = NAN
    assert hand_crops(points) == [None, None]


def test_hand_crop_of_few_pixels_is_none() -> None:
    points = nowhere()
    points[[5, 6, 7]] = [[100, 100], [100, 107], [100, 113]]
    assert hand_crops(points) == [None, None]


def test_face_crop_from_the_front_holds_the_face() -> None:
    crop = face_crop(
        head(
            nose=(200, 145),
            neck=(200, 330),
            right_eye=(169, 100),
            left_eye=(231, 100),
            right_ear=(125, 115),
            left_ear=(275, 115),
        )
    )
    assert crop is not None
    assert crop.rotation == pytest.approx(0)
    assert crop.size[0] == pytest.approx(1.5 * 180, rel=0.05)  # Faces are 2.9 times eye to eye.
    assert crop.centre == pytest.approx((200, 115), abs=1)


def test_face_crop_of_a_tilted_head_is_turned_along_the_eyes() -> None:
    crop = face_crop(
        head(nose=(180, 140), neck=(150, 300), right_eye=(170, 90), left_eye=(220, 140))
    )
    assert crop is not None
    assert crop.rotation == pytest.approx(math.pi / 4)


def test_face_crop_from_the_side_is_as_large_as_from_the_front() -> None:
    front = face_crop(
        head(nose=(200, 145), neck=(200, 385), right_eye=(169, 100), left_eye=(231, 100))
    )
    side = face_crop(
        head(nose=(260, 145), neck=(200, 385), right_eye=(245, 100), right_ear=(140, 115))
    )
    assert front is not None
    assert side is not None
    assert side.size[0] == pytest.approx(front.size[0], rel=0.15)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(nowhere(), id="nothing"),
        pytest.param(head(nose=(200, 145)), id="nose alone"),
        pytest.param(head(neck=(1, 1), right_ear=(9, 9), left_ear=(90, 9)), id="from behind"),
        pytest.param(head(nose=(5, 4), neck=(5, 9), right_eye=(4, 3), left_eye=(6, 3)), id="tiny"),
    ],
)
def test_face_crop_of_what_is_not_to_be_seen_is_none(points: Points) -> None:
    assert face_crop(points) is None
