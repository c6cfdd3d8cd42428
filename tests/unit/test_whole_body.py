"""Whole bodies put together from readers that answer where they were told to look."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from posewire_server.inference.estimators.estimates import Estimates
from posewire_server.inference.estimators.pose_estimator import DetectionOptions, Image
from posewire_server.inference.estimators.whole_body import WholeBodyEstimator
from posewire_server.inference.preprocess.crop import Crop
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import Picture, picture_of
from posewire_server.pose import Poses
from posewire_server.skeletons import WHOLEBODY128

PICTURE = np.zeros((400, 800, 3), np.uint8)
NAMES = WHOLEBODY128.keypoints
LEFT, RIGHT, FACE = slice(18, 39), slice(39, 60), slice(60, 128)


@dataclass
class Parts:
    """Reads every keypoint in the centre of the crop; scores by what the crop is told."""

    count: int
    scores: Sequence[float] = ()
    batches: list[int] = field(default_factory=list)

    def estimate(self, image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        assert image is PICTURE
        context.check("infer")
        self.batches.append(len(crops))
        keypoints = np.zeros((len(crops), self.count, 3), np.float32)
        for points, crop in zip(keypoints, crops, strict=True):
            points[:] = (*crop.centre, 1)
        scores = np.array(self.scores or [1.0] * len(crops), np.float32)[: len(crops)]
        following = tuple(Crop((crop.centre[0] + 1, crop.centre[1]), crop.size) for crop in crops)
        return Estimates(Poses(keypoints, scores), following)


class Bodies:
    def __init__(self, keypoints: Sequence[np.ndarray]) -> None:
        self.keypoints = np.array(keypoints, np.float32).reshape(-1, 18, 3)

    def find(self, _picture: Picture, options: DetectionOptions, _context: FrameContext) -> Poses:
        assert options.mode == "fast"
        scores = np.linspace(0.9, 0.5, len(self.keypoints)).astype(np.float32)
        return Poses(self.keypoints, scores)


def body(x: float, *, hands: str = "both", face: bool = True) -> np.ndarray:
    points = np.full((18, 3), (np.nan, np.nan, 0.0))
    points[1] = x, 150, 1
    if face:
        points[[0, 14, 15]] = [(x, 80, 1), (x - 15, 65, 1), (x + 15, 65, 1)]
    if hands in ("both", "right"):
        points[[2, 3, 4]] = [(x - 40, 150, 1), (x - 60, 200, 1), (x - 60, 250, 1)]
    if hands in ("both", "left"):
        points[[5, 6, 7]] = [(x + 40, 150, 1), (x + 60, 200, 1), (x + 60, 250, 1)]
    return points


def find(bodies: Sequence[np.ndarray], hands: Parts, faces: Parts) -> Poses:
    system = WholeBodyEstimator(Bodies(bodies), hands, faces)
    return system.find(picture_of(PICTURE), DetectionOptions("fast"), FrameContext())


def test_find_puts_hands_and_face_where_the_names_say() -> None:
    hands, faces = Parts(21), Parts(68)
    poses = find([body(200), body(600)], hands, faces)
    assert poses.keypoints.shape == (2, 128, 3)
    assert NAMES[LEFT][0] == "left_hand_wrist"
    assert NAMES[RIGHT][20] == "right_hand_little_tip"
    assert NAMES[FACE][0].startswith("face_")
    for points, x in zip(poses.keypoints, (200, 600), strict=True):
        np.testing.assert_allclose(points[LEFT, 0], x + 61, atol=0.1)
        np.testing.assert_allclose(points[RIGHT, 0], x - 59, atol=0.1)
        np.testing.assert_allclose(points[FACE, 0], x + 1, atol=0.1)
    np.testing.assert_allclose(poses.scores, [0.9, 0.5])
    np.testing.assert_array_equal(poses.keypoints[0, :18], np.float32(body(200)))


def test_find_reads_all_hands_as_one_batch_and_all_faces_as_another() -> None:
    hands, faces = Parts(21), Parts(68)
    find([body(200), body(400), body(600)], hands, faces)
    assert hands.batches == [6, 6]
    assert faces.batches == [3, 3]


def test_find_missing_parts_are_not_found() -> None:
    poses = find([body(200, hands="left", face=False)], Parts(21), Parts(68))
    assert poses.found[0, LEFT].all()
    assert not poses.found[0, RIGHT].any()
    assert not poses.found[0, FACE].any()
    assert (poses.keypoints[0, RIGHT, 2] == 0).all()


@pytest.mark.parametrize(
    ("score", "batches", "is_found"),
    [(0.9, [2, 2], True), (0.3, [2, 2], False), (0.01, [2, 0], False)],
)
def test_find_unlikely_parts_are_left_out(score: float, batches: list[int], is_found: bool) -> None:
    hands = Parts(21, scores=[score, score])
    poses = find([body(200)], hands, Parts(68))
    assert hands.batches == batches
    assert poses.found[0, LEFT].all() == is_found


def test_find_second_look_belongs_to_its_own_person() -> None:
    hands = Parts(21, scores=[0.01, 0.9, 0.01, 0.9])  # Left hands are none, right ones are.
    system = WholeBodyEstimator(Bodies([body(200), body(600)]), hands, Parts(68))
    estimate_all = hands.estimate

    def estimate(image: Image, crops: Sequence[Crop], context: FrameContext) -> Estimates:
        hands.scores = [0.01, 0.9, 0.01, 0.9] if len(crops) == 4 else [0.9, 0.9]
        return estimate_all(image, crops, context)

    hands.estimate = estimate  # type: ignore[method-assign]
    poses = system.find(picture_of(PICTURE), DetectionOptions("fast"), FrameContext())
    assert not poses.found[:, LEFT].any()
    np.testing.assert_allclose(poses.keypoints[:, 39, 0], [141, 541], atol=0.1)


def test_find_nobody_is_empty() -> None:
    poses = find([], Parts(21), Parts(68))
    assert poses.keypoints.shape == (0, 128, 3)
    assert len(poses) == 0
