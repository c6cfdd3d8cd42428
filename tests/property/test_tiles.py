"""Tiles of parts of any shape, and detectors that see their part alone."""

import itertools
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from posewire_server.inference.decode.anchors import AnchorSpec
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.tiles import TileDetector, tiles
from posewire_server.inference.preprocess.crop import Box, covering
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.mediapipe_networks import PALM
from posewire_server.models.catalog.spec import OutputSpec

SIDES = st.integers(1, 4000)
PARTS = st.tuples(st.integers(0, 99), st.integers(0, 99), SIDES, SIDES).map(
    lambda p: (float(p[0]), float(p[1]), float(p[0] + p[2]), float(p[1] + p[3]))
)


@given(PARTS)
def test_tiles_hold_whole_whatever_is_under_a_quarter_as_large(part: Box) -> None:
    boxes = [square.box for square in tiles(part)]
    assert 1 <= len(boxes) <= 8
    reach = 0.24 * (boxes[0][2] - boxes[0][0])
    x_min, y_min, x_max, y_max = part
    for x, y in itertools.product(np.linspace(x_min, x_max, 9), np.linspace(y_min, y_max, 9)):
        right, bottom = min(x + reach, x_max), min(y + reach, y_max)
        assert any(
            box[0] - 1e-3 <= x
            and box[1] - 1e-3 <= y
            and right <= box[2] + 1e-3
            and bottom <= box[3] + 1e-3
            for box in boxes
        )


FOUR_ANCHORS = replace(PALM, outputs=(OutputSpec("", (4, 6)), OutputSpec("", (4, 1))))


class EchoPredictor:
    """Answers one box in the middle of the first anchor's cell, and keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[npt.NDArray[np.float32]] = []

    def run(self, inputs: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        self.shown.append(inputs.copy())
        values = np.zeros((len(inputs), 4, 6), np.float32)
        logits = np.full((len(inputs), 4, 1), -9, np.float32)
        values[:, 0, 2:4], logits[:, 0] = 96, 9
        return [values, logits]


@given(st.integers(1, 60), st.integers(1, 40), st.integers(1, 60), st.integers(1, 40))
def test_tile_detector_sees_its_part_alone(left: int, top: int, width: int, height: int) -> None:
    image = np.full((120, 160, 3), 255, np.uint8)
    part = (left, top, left + width, top + height)
    image[top : top + height, left : left + width] = 51
    predictor = EchoPredictor()
    detect = TileDetector(Network(FOUR_ANCHORS, predictor), AnchorSpec(((96, 1),)), 0.5)
    view = covering(part, PALM.input)
    (found,) = detect(image, part, [view], FrameContext())
    assert predictor.shown[0].max() <= 0.2 + 1e-6
    quarter = (view.box[0] + view.size[0] / 4, view.box[1] + view.size[1] / 4)
    np.testing.assert_allclose(found.boxes[0, :2], view.box[:2], atol=1e-3)
    np.testing.assert_allclose(found.keypoints[0, 0], quarter, atol=1e-3)
