"""Where hands and faces are looked at: MediaPipe's rules for its crops."""

import math
from typing import cast

import hypothesis.extra.numpy as hnp
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.face import FaceMeshHead, face_crop
from posewire_server.inference.estimators.hand import HandHead, hand_crop, palm_crop
from posewire_server.inference.preprocess.crop import Crop

Floats = npt.NDArray[np.float32]


def palm_keypoints(wrist: tuple[float, float], middle: tuple[float, float]) -> Floats:
    points = np.zeros((7, 2), np.float32)
    points[0], points[2] = wrist, middle
    return points


def upright_hand() -> Floats:
    """A hand with its wrist at the bottom, 60 wide and 90 high without the fingers' ends."""
    points = np.zeros((21, 2), np.float32)
    points[:] = (100, 100)
    points[0] = (100, 160)
    points[1], points[17] = (70, 130), (130, 130)
    points[[6, 10, 14]] = (80, 70), (100, 70), (120, 70)
    points[[8, 12, 16]] = (80, 10), (100, 10), (120, 10)  # Tips do not count.
    return points


def test_palm_crop_of_an_upright_palm_reaches_up_to_the_fingers() -> None:
    box = np.array([80, 100, 120, 150], np.float32)
    crop = palm_crop(box, palm_keypoints((100, 150), (100, 110)))
    assert crop.rotation == pytest.approx(0, abs=1e-6)
    assert crop.size == pytest.approx((130, 130))  # 2.6 of the longer side.
    assert crop.centre == pytest.approx((100, 100))  # Half the box's height further up.


def test_palm_crop_of_a_palm_pointing_right_is_turned_clockwise() -> None:
    box = np.array([100, 80, 150, 120], np.float32)
    crop = palm_crop(box, palm_keypoints((100, 100), (140, 100)))
    assert crop.rotation == pytest.approx(math.pi / 2)
    assert crop.centre == pytest.approx((145, 100))


def test_hand_crop_is_around_the_steady_joints_and_a_little_up() -> None:
    crop = hand_crop(upright_hand())
    assert crop.rotation == pytest.approx(0, abs=1e-6)
    assert crop.size == pytest.approx((180, 180))
    assert crop.centre == pytest.approx((100, 115 - 9))


@given(st.floats(-3, 3), st.floats(20, 300), st.floats(-500, 500))
def test_hand_crop_turns_grows_and_moves_with_the_hand(
    angle: float, side: float, shift: float
) -> None:
    moved = Crop((100 + shift, 106), (side, side), angle)
    unit = Crop((100, 106), (180, 180)).to_unit(upright_hand().astype(float))
    crop = hand_crop(moved.to_image(unit).astype(np.float32))
    assert crop.centre == pytest.approx(moved.centre, abs=0.02)
    assert crop.size == pytest.approx(moved.size, rel=1e-3)
    assert math.cos(crop.rotation - angle) == pytest.approx(1, abs=1e-4)


@given(hnp.arrays(np.float32, (21, 2), elements=st.floats(-1e4, 1e4, width=32)))
def test_hand_crop_of_any_points_has_an_area(points: Floats) -> None:
    crop = hand_crop(points)
    assert min(crop.size) >= 1
    assert math.isfinite(crop.rotation)


@given(hnp.arrays(np.float32, (468, 2), elements=st.floats(-1e4, 1e4, width=32)))
def test_face_crop_holds_the_face(points: Floats) -> None:
    assume(np.ptp(points, axis=0).max() > 1)
    crop = face_crop(points)
    x_min, y_min, x_max, y_max = crop.box
    assert (points.min(0) >= np.array([x_min, y_min]) - 0.1).all()
    assert (points.max(0) <= np.array([x_max, y_max]) + 0.1).all()


def test_face_crop_is_turned_along_the_eyes() -> None:
    points = np.full((468, 2), 100, np.float32)
    points[33], points[263], points[152] = (80, 80), (100, 100), (60, 130)
    assert face_crop(points).rotation == pytest.approx(math.pi / 4)


def test_crops_in_a_box_share_its_centre() -> None:
    network = cast("Network", None)  # It is not run.
    hands = HandHead(network).crops_in((10, 20, 50, 120))
    faces = FaceMeshHead(network, is_68=True).crops_in((10, 20, 50, 120))
    assert {crop.centre for crop in (*hands, *faces)} == {(30, 70)}
    assert len({crop.rotation for crop in hands}) == 4
    assert len(faces) == 1
