"""Hands in real pictures, with the real networks."""

import math
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.frame import Region
from posewire_server.inference.estimators.hand import build_hands
from posewire_server.inference.estimators.pose_estimator import DetectionOptions, Image
from posewire_server.inference.estimators.top_down import TopDownEstimator
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import picture_of
from posewire_server.models.catalog.catalog import HAND
from posewire_server.pose import Poses
from posewire_server.skeletons import HAND21

from tests.serving.counted_networks import CountedNetworks
from tests.tracked_stream import TrackedStream

pytestmark = pytest.mark.weights

ONE_HAND = "handgraph_real__00266.jpg"
BOTH_HANDS = "panoptic__ex2_2.flv_000040_l.jpg"


@pytest.fixture(scope="module")
def hands(small_networks: CountedNetworks) -> TopDownEstimator:
    return build_hands(HAND, small_networks["hand"], small_networks["palm"])


def read(shared: Path, name: str) -> Image:
    image = cv2.imread(str(shared / "data" / "images" / "hand21" / name))
    assert image is not None
    return np.asarray(image, np.uint8)


def find(hands: TopDownEstimator, image: Image, options: DetectionOptions | None = None) -> Poses:
    options = options or DetectionOptions("thorough")
    return hands.find(picture_of(image), options, FrameContext())


def distance(points: npt.NDArray[np.floating], others: npt.NDArray[np.floating]) -> float:
    """Returns the mean distance as a share of the hand's size."""
    size = float(np.ptp(others, axis=0).max())
    return float(np.linalg.norm(points - others, axis=1).mean()) / size


def test_hands_of_a_person_have_their_sides(hands: TopDownEstimator, shared: Path) -> None:
    found = find(hands, read(shared, BOTH_HANDS))
    assert found.sides is not None
    sides = {
        "left": found.keypoints[int(np.argmin(found.sides)), 0, :2],
        "right": found.keypoints[int(np.argmax(found.sides)), 0, :2],
    }
    assert found.sides.min() < 0.2
    assert found.sides.max() > 0.7
    assert np.linalg.norm(sides["left"] - (222, 261)) < 10
    assert np.linalg.norm(sides["right"] - (187, 223)) < 10


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_hand_in_a_turned_picture_is_the_turned_hand(
    hands: TopDownEstimator, shared: Path, quarters: int
) -> None:
    image = read(shared, ONE_HAND)
    upright = find(hands, image).keypoints[0, :, :2]
    turned = find(hands, np.rot90(image, quarters).copy()).keypoints[0, :, :2]
    centre = np.array([image.shape[1], image.shape[0]]) / 2
    angle = quarters * math.pi / 2
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    assert distance((upright - centre) @ turn.T + centre, turned) < 0.06


def test_hand_in_a_mirrored_picture_is_the_other_one(hands: TopDownEstimator, shared: Path) -> None:
    image = read(shared, ONE_HAND)
    plain, mirrored = find(hands, image), find(hands, image[:, ::-1].copy())
    assert plain.sides is not None
    assert mirrored.sides is not None
    assert plain.sides[0] + mirrored.sides[0] == pytest.approx(1, abs=0.2)
    points = mirrored.keypoints[0, :, :2] * (-1, 1) + (image.shape[1], 0)
    assert distance(points, plain.keypoints[0, :, :2]) < 0.04


def test_hand_in_a_box_is_found_without_the_detector(
    hands: TopDownEstimator, small_networks: CountedNetworks, shared: Path
) -> None:
    image = read(shared, ONE_HAND)
    whole = find(hands, image)
    small_networks.runs.clear()
    box = Region(*(float(value) for value in whole.boxes[0]))
    found = find(hands, image, DetectionOptions("thorough", boxes=(box, box)))
    assert small_networks.runs["palm"] == 0
    assert len(found) == 2
    assert found.scores.min() > 0.9
    assert distance(found.keypoints[0, :, :2], whole.keypoints[0, :, :2]) < 0.06


def test_hand_outside_the_region_is_not_found(hands: TopDownEstimator, shared: Path) -> None:
    image = read(shared, BOTH_HANDS)
    both = find(hands, image)
    middle = float(both.keypoints[:2, 0, 1].mean())
    found = find(
        hands, image, DetectionOptions("thorough", region=Region(0, 0, image.shape[1], middle))
    )
    assert len(found) == 1
    assert found.keypoints[0, 0, 1] < middle


def test_small_hand_in_a_large_picture_is_found_in_a_quarter(
    hands: TopDownEstimator, shared: Path
) -> None:
    side = 160
    hand = cv2.resize(read(shared, ONE_HAND), (side, side), interpolation=cv2.INTER_AREA)
    image = np.full((900, 1200, 3), 128, np.uint8)
    image[700 : 700 + side, 150 : 150 + side] = hand
    assert len(find(hands, image, DetectionOptions("mediapipe"))) == 0
    found = find(hands, image)
    assert len(found) == 1
    assert np.abs(found.keypoints[0, :, :2].mean(0) - (230, 780)).max() < 0.3 * side


def test_follow_a_moving_hand_without_the_detector(
    hands: TopDownEstimator, small_networks: CountedNetworks, shared: Path
) -> None:
    hand, stream, ids = read(shared, ONE_HAND), TrackedStream(hands, HAND21), set()
    small_networks.runs.clear()
    for step in range(25):
        image = np.full((400, 640, 3), 128, np.uint8)
        image[100:356, 8 * step : 8 * step + 256] = hand
        found = stream.find(image, DetectionOptions("thorough"))
        assert len(found) == 1
        assert found.ids is not None
        ids.add(int(found.ids[0]))
    assert ids == {1}
    assert small_networks.runs["palm"] == 1
