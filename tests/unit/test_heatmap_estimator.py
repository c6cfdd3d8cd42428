"""Heatmaps of one instance for each crop, around a network that the test controls."""

import numpy as np
import numpy.typing as npt
import pytest
from posewire_server.errors import RegionError
from posewire_server.frame import Region
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.originals.heatmap_estimator import HeatmapEstimator
from posewire_server.inference.estimators.originals.paddlehub_estimators import (
    paddlehub_hand,
    paddlehub_person,
)
from posewire_server.inference.estimators.pose_estimator import DetectionOptions
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.inference.sources.picture import picture_of
from posewire_server.models.catalog.catalog import find_model

Floats = npt.NDArray[np.float32]
HAND, PERSON = find_model("hand-cmu"), find_model("person-resnet50")


class Bright:
    """Answers, in every map, the mean brightness of each cell's pixels."""

    def __init__(self, maps: int, stride: int) -> None:
        self._maps, self._stride = maps, stride
        self.shapes: list[tuple[int, ...]] = []

    def run(self, inputs: Floats) -> list[Floats]:
        self.shapes.append(inputs.shape)
        n, _, height, width = inputs.shape
        cells = inputs.mean(1)[:, : height // self._stride * self._stride]
        cells = cells[:, :, : width // self._stride * self._stride]
        rows, columns = height // self._stride, width // self._stride
        heat = cells.reshape(n, rows, self._stride, columns, self._stride).mean((2, 4))
        return [np.repeat(np.maximum(heat, 0)[:, None], self._maps, 1)]


def spot(x: int, y: int) -> npt.NDArray[np.uint8]:
    """A black picture of 320x240 with a soft white spot about a place."""
    rows, columns = np.mgrid[:240, :320] + 0.5
    heat = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 12.0**2))
    return (255 * heat).astype(np.uint8)[:, :, None].repeat(3, 2)


def hand_network() -> tuple[Network, Bright]:
    bright = Bright(22, 8)
    return Network(HAND.networks[0], bright), bright


def find(system: object, image: npt.NDArray[np.uint8], *boxes: Region) -> Floats:
    poses = system.find(picture_of(image), DetectionOptions("any", boxes=boxes), FrameContext())  # type: ignore[attr-defined]
    return np.asarray(poses.keypoints)


def test_heatmap_whole_picture_finds_the_place() -> None:
    network, bright = hand_network()
    system = HeatmapEstimator(HAND, network, "dark", growth=2.2, heat_min=0.1)
    keypoints = find(system, spot(200, 90))
    assert bright.shapes == [(1, 3, 368, 488)]  # The picture's own aspect.
    np.testing.assert_allclose(keypoints[0, :, :2], [[200, 90]] * 21, atol=1.0)


def test_heatmap_boxes_answer_in_their_order() -> None:
    network, bright = hand_network()
    system = HeatmapEstimator(HAND, network, "dark", growth=2.2, heat_min=0.1)
    boxes = Region(0, 0, 40, 40), Region(180, 70, 230, 110)
    keypoints = find(system, spot(200, 90), *boxes)
    assert bright.shapes == [(1, 3, 368, 368)] * 2
    assert np.isnan(keypoints[0, :, :2]).all()
    np.testing.assert_allclose(keypoints[1, :, :2], [[200, 90]] * 21, atol=1.0)


def test_heatmap_empty_picture_finds_nobody() -> None:
    network, _ = hand_network()
    system = HeatmapEstimator(HAND, network, "dark", growth=2.2, heat_min=0.1)
    assert len(find(system, np.zeros((240, 320, 3), np.uint8))) == 0


@pytest.mark.parametrize("box", [None, Region(150, 50, 250, 130)])
def test_hub_hand_finds_the_pixel(box: Region | None) -> None:
    network, bright = hand_network()
    keypoints = find(paddlehub_hand(HAND, network), spot(200, 90), *([box] if box else []))
    width = 460 if box else 490
    assert bright.shapes == [(1, 3, 368, width)]  # Not rounded to cells.
    np.testing.assert_allclose(keypoints[0, :, :2], [[200, 90]] * 21, atol=4.0)
    assert (keypoints[0, :, :2] % 1 == 0.5).all()


def test_hub_hand_dark_picture_finds_no_keypoint() -> None:
    network, _ = hand_network()
    keypoints = find(paddlehub_hand(HAND, network), np.zeros((240, 320, 3), np.uint8))
    assert np.isnan(keypoints[0, :, :2]).all()
    assert (keypoints[0, :, 2] == 0).all()


def test_hub_person_stretches_and_cuts_to_whole_pixels() -> None:
    bright = Bright(16, 4)
    network = Network(PERSON.networks[0], bright)
    keypoints = find(paddlehub_person(PERSON, network), spot(200, 90))
    assert bright.shapes == [(1, 3, 384, 384)]
    np.testing.assert_allclose(keypoints[0, :, :2], [[200, 90]] * 16, atol=4.0)
    assert (keypoints[0, :, :2] % 1 == 0.5).all()


@pytest.mark.parametrize("kind", ["heatmap", "hand", "person"])
@pytest.mark.parametrize(
    "box", [(5, 5, 5, 9), (9, 9, 1, 1), (0, 0, float("inf"), 9), (-50, 0, -1, 9)]
)
def test_wrong_box_raises_region_error(kind: str, box: tuple[float, ...]) -> None:
    network, _ = hand_network()
    system = {
        "heatmap": HeatmapEstimator(HAND, network, "dark", growth=2.2, heat_min=0.1),
        "hand": paddlehub_hand(HAND, network),
        "person": paddlehub_person(PERSON, Network(PERSON.networks[0], Bright(16, 4))),
    }[kind]
    with pytest.raises(RegionError):
        find(system, spot(9, 9), Region(*box))
