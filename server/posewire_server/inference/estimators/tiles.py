"""Crops and tiles of a picture as batches of a network of fixed input size."""

from collections.abc import Iterator, Sequence

import numpy as np

from posewire_server.inference.decode.anchors import AnchorDecode, AnchorSpec, Detections, Floats
from posewire_server.inference.engine.network import Network
from posewire_server.inference.estimators.pose_estimator import Image
from posewire_server.inference.preprocess.crop import Box, Crop, cut
from posewire_server.inference.scheduling.frame_context import FrameContext
from posewire_server.models.catalog.spec import InputSpec

# Larger batches gain nothing on a CPU, and the work can be stopped between two of them.
_LARGEST_BATCH = 8
_MOST_TILES_IN_A_ROW = 4
_OVERLAP = 0.25


def cut_batches(
    image: Image, crops: Sequence[Crop], spec: InputSpec, context: FrameContext
) -> Iterator[tuple[Sequence[Crop], Floats]]:
    """Yields crops batch by batch, each with the (N, C, h, w) input that shows them."""
    for first in range(0, len(crops), _LARGEST_BATCH):
        batch = crops[first : first + _LARGEST_BATCH]
        with context.stage("decode"):
            inputs = np.empty((len(batch), spec.channels, spec.height, spec.max_width), np.float32)
            for crop, output in zip(batch, inputs, strict=True):
                cut(image, crop, spec, output)
        yield batch, inputs


def run_on_crops(
    network: Network, image: Image, crops: Sequence[Crop], context: FrameContext
) -> list[Floats]:
    """Returns the network's outputs for crops, (N, *shape) each."""
    parts = [[np.zeros((0, *output.shape), np.float32)] for output in network.spec.outputs]
    for _, inputs in cut_batches(image, crops, network.spec.input, context):
        for part, output in zip(parts, network.run(inputs, context), strict=True):
            part.append(output)
    return [np.concatenate(part) for part in parts]


def tiles(box: Box) -> list[Crop]:
    """Returns squares that cover a box, two along its shorter side and more along the other.

    They overlap by a quarter or more, therefore a smaller instance lies within one of them.
    """
    x_min, y_min, x_max, y_max = box
    width, height = x_max - x_min, y_max - y_min
    most = min(_MOST_TILES_IN_A_ROW, int(2 * max(width, height) / min(width, height)))
    columns, rows = (most, 2) if width >= height else (2, most)
    side = max(
        width / (columns - (columns - 1) * _OVERLAP), height / (rows - (rows - 1) * _OVERLAP)
    )
    # Squares may be wider than a narrow box; they share its middle.
    reach_x, reach_y = (max(0.0, (length - side) / 2) for length in (width, height))
    middle_x, middle_y = (x_min + x_max) / 2, (y_min + y_max) / 2
    xs = np.linspace(middle_x - reach_x, middle_x + reach_x, columns)
    ys = np.linspace(middle_y - reach_y, middle_y + reach_y, rows)
    return list(dict.fromkeys(Crop.square((x, y), side) for y in ys for x in xs))


class TileDetector:
    """Single-shot detector in upright crops of a picture.

    Args:
        network: Its outputs are (A, 4 + 2 K) box values and (A, 1) logits.
    """

    def __init__(self, network: Network, anchors: AnchorSpec, min_score: float) -> None:
        self.input = network.spec.input
        self._network = network
        self._decode = AnchorDecode(anchors, self.input.size, min_score)

    def __call__(
        self, image: Image, part: Box, crops: Sequence[Crop], context: FrameContext
    ) -> list[Detections]:
        """Returns the detections in each upright crop, in pixels of the image, not merged.

        All outside the part, which is in whole pixels, is black.
        """
        left, top, right, bottom = map(int, part)
        visible = image[top:bottom, left:right]
        moved = [crop.moved((-left, -top)) for crop in crops]
        outputs = run_on_crops(self._network, visible, moved, context)
        with context.stage("post"):
            return [
                _to_image(self._decode(values, logits), crop)
                for crop, values, logits in zip(crops, *outputs, strict=True)
            ]


def _to_image(detections: Detections, crop: Crop) -> Detections:
    corners = detections.boxes.reshape(-1, 2, 2)
    boxes = crop.to_image(corners).reshape(-1, 4).astype(np.float32)
    keypoints = crop.to_image(detections.keypoints).astype(np.float32)
    return Detections(boxes, keypoints, detections.scores)
