"""BlazePose's crops and readings, with networks that answer what they are told."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.inference.estimators.blazepose import (
    POSE_ANCHORS,
    BlazePoseDetector,
    BlazePoseHead,
    body_crop,
    build_blazepose,
)
from posewire_server.inference.estimators.pose_estimator import DetectionOptions
from posewire_server.inference.preprocess.crop import Crop
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import picture_of
from posewire_server.models.catalog.catalog import PERSON_BLAZE
from posewire_server.models.catalog.mediapipe_networks import BLAZEPOSE, POSE_DETECTION
from posewire_server.skeletons import BLAZEPOSE33

from tests.drawn_network import Array, drawn_network

PICTURE = np.zeros((400, 600, 3), np.uint8)


def answer_person(_pixels: Array) -> list[Array]:
    """Returns 39 points on a grid in the input, some hidden; a person of probability 0.9."""
    points = np.zeros((39, 5), np.float32)
    points[:, 0] = 8 + 6 * np.arange(39)
    points[:, 1] = 100 + np.arange(39)
    points[:, 2] = 25.6
    points[:, 3] = np.where(np.arange(39) % 2, 4.0, -4.0)
    points[33, :2] = 128, 128
    points[34, :2] = 128, 28
    return [points.reshape(195), np.array([0.9], np.float32)]


def answer_detections(*persons: tuple[float, float, float, float]) -> object:
    """Answers with the hips and the circle of persons, in pixels of the input, at one anchor."""
    values, logits = np.zeros((2254, 12), np.float32), np.full((2254, 1), -9.0, np.float32)
    centres = POSE_ANCHORS.centres((224, 224)) * 224
    for index, (x, y, circle_x, circle_y) in zip((100, 1500), persons, strict=False):
        place = np.array([x, y]) - centres[index]
        circle = np.array([circle_x, circle_y]) - centres[index]
        values[index] = (*place, 40, 40, *place, *circle, *place, *circle)
        logits[index] = 5.0 - index / 1000
    return lambda _pixels: [values, logits]


def test_anchors_are_as_many_as_the_network_answers() -> None:
    count = POSE_ANCHORS.centres(POSE_DETECTION.input.size).shape[0]
    assert POSE_DETECTION.outputs[0].shape[0] == count
    assert BLAZEPOSE.outputs[0].shape == (39 * 5,)


@pytest.mark.parametrize(
    ("circle", "rotation"),
    [((100, 50), 0.0), ((150, 100), math.pi / 2), ((100, 150), math.pi), ((50, 100), -math.pi / 2)],
)
def test_body_crop_turns_the_head_up(circle: tuple[float, float], rotation: float) -> None:
    crop = body_crop(np.float32([100, 100]), np.float32(circle))
    assert crop.centre == (100, 100)
    assert crop.size == pytest.approx((125, 125))  # 1.25 times the circle's diameter.
    assert math.remainder(crop.rotation - rotation, 2 * math.pi) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(crop.to_image(np.array([0.5, 0.1])), circle, atol=1e-3)


def test_body_crop_of_nothing_has_a_size() -> None:
    crop = body_crop(np.float32([5, 5]), np.float32([5, 5]))
    assert min(crop.size) > 0


def test_read_maps_points_depths_and_visibility_to_the_frame() -> None:
    network, _ = drawn_network(BLAZEPOSE, answer_person)
    crop = Crop((300, 200), (512, 512))  # Two pixels of the frame to one of the input.
    poses = BlazePoseHead(network).estimate(PICTURE, [crop], FrameContext()).poses
    assert poses.keypoints.shape == (1, 33, 3)
    np.testing.assert_allclose(poses.keypoints[0, 5, :2], [44 + 2 * 38, -56 + 2 * 105])
    assert poses.depths is not None
    np.testing.assert_allclose(poses.depths, 51.2, rtol=1e-5)
    np.testing.assert_allclose(poses.keypoints[0, :2, 2], [0.018, 0.982], atol=1e-3)
    assert poses.scores == pytest.approx([0.9])


def test_read_following_crop_comes_from_the_two_points_beyond_the_skeleton() -> None:
    network, _ = drawn_network(BLAZEPOSE, answer_person)
    reading = BlazePoseHead(network).estimate(
        PICTURE, [Crop((300, 200), (256, 256))], FrameContext()
    )
    (following,) = reading.crops
    assert following.centre == pytest.approx((300, 200))
    assert following.size[0] == pytest.approx(2 * 100 * 1.25)
    assert following.rotation == pytest.approx(0, abs=1e-6)


def test_find_gives_a_turned_crop_for_each_person_the_surest_first() -> None:
    network, _ = drawn_network(
        POSE_DETECTION, answer_detections((50, 80, 50, 40), (150, 80, 190, 80))
    )  # type: ignore[arg-type]
    crops = BlazePoseDetector(network).detect(
        PICTURE[:224, :224], (0, 0, 224, 224), FrameContext(), is_thorough=False
    )
    assert [crop.centre for crop in crops] == [
        pytest.approx((50, 80), abs=1e-3),
        pytest.approx((150, 80), abs=1e-3),
    ]
    assert [crop.rotation for crop in crops] == pytest.approx([0, math.pi / 2], abs=1e-5)


@pytest.mark.parametrize(("is_thorough", "looks"), [(False, 1), (True, 5)])
def test_find_thorough_looks_at_tiles_too(looks: int, *, is_thorough: bool) -> None:
    network, predictor = drawn_network(POSE_DETECTION, answer_detections())  # type: ignore[arg-type]
    square: npt.NDArray[np.uint8] = np.zeros((300, 300, 3), np.uint8)
    crops = BlazePoseDetector(network).detect(
        square, (0, 0, 300, 300), FrameContext(), is_thorough=is_thorough
    )
    assert len(crops) == 0
    assert sum(predictor.batches) == looks


def test_system_without_persons_answers_none_of_33_keypoints() -> None:
    detector, _ = drawn_network(POSE_DETECTION, answer_detections())  # type: ignore[arg-type]
    head, predictor = drawn_network(BLAZEPOSE, answer_person)
    poses = build_blazepose(PERSON_BLAZE, head, detector).find(
        picture_of(PICTURE), DetectionOptions("thorough"), FrameContext()
    )
    assert poses.keypoints.shape == (0, len(BLAZEPOSE33.keypoints), 3)
    assert predictor.batches == []
