"""What a network of fixed input size looks at: crops of the frame, in batches."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from posewire_server.crop import Crop, cut
from posewire_server.decode.anchors import AnchorDecode, Detections, Floats
from posewire_server.engine.network import Network
from posewire_server.models.spec import InputSpec
from posewire_server.passage import Passage
from posewire_server.systems.system import Image

# Larger batches gain nothing on a CPU, and between two of them the work can be stopped.
_LARGEST_BATCH = 16


def cut_all(
    image: Image, crops: Sequence[Crop], spec: InputSpec, passage: Passage
) -> Iterator[tuple[Sequence[Crop], Floats]]:
    """Yields crops batch by batch, each with the (N, C, h, w) input that shows them."""
    for first in range(0, len(crops), _LARGEST_BATCH):
        batch = crops[first : first + _LARGEST_BATCH]
        with passage.stage("decode"):
            inputs = np.empty((len(batch), spec.channels, spec.height, spec.max_width), np.float32)
            for crop, output in zip(batch, inputs, strict=True):
                cut(image, crop, spec, output)
        yield batch, inputs


def run_on(
    network: Network, image: Image, crops: Sequence[Crop], passage: Passage
) -> Iterator[tuple[Sequence[Crop], list[Floats]]]:
    """Yields crops batch by batch, each with the network's outputs for it."""
    for batch, inputs in cut_all(image, crops, network.spec.input, passage):
        yield batch, network.run(inputs, passage)


def tiles(box: tuple[float, float, float, float], per_side: int) -> list[Crop]:
    """Returns squares that cover a box, and overlap by a quarter or more.

    Args:
        box: x_min, y_min, x_max, y_max in pixels of the frame.
        per_side: Squares along the shorter side.
    """
    x_min, y_min, x_max, y_max = box
    overlap = 0.25
    side = min(x_max - x_min, y_max - y_min) / (per_side - (per_side - 1) * overlap)
    step = side * (1 - overlap)
    columns, rows = (
        max(1, math.ceil((length - side) / step - 1e-6) + 1)
        for length in (x_max - x_min, y_max - y_min)
    )
    xs = np.linspace(x_min + side / 2, x_max - side / 2, columns)
    ys = np.linspace(y_min + side / 2, y_max - side / 2, rows)
    return [Crop((float(x), float(y)), (side, side)) for y in ys for x in xs]


class ViewDetector:
    """A single-shot detector that looks at views of a frame.

    Args:
        network: Its outputs are (A, 4 + 2 K) box values and (A, 1) logits.
        decode: Decodes them.
    """

    def __init__(self, network: Network, decode: AnchorDecode) -> None:
        self._network = network
        self._decode = decode

    @property
    def input(self) -> InputSpec:
        """What the network takes."""
        return self._network.spec.input

    def __call__(self, image: Image, views: Sequence[Crop], passage: Passage) -> list[Detections]:
        """Returns what is in each upright view, in pixels of the frame, not merged."""
        found = []
        for crops, (values, logits) in run_on(self._network, image, views, passage):
            with passage.stage("post"):
                found += [
                    _to_image(self._decode(*outputs), crop)
                    for crop, *outputs in zip(crops, values, logits, strict=True)
                ]
        return found


def _to_image(detections: Detections, crop: Crop) -> Detections:
    corners = detections.boxes.reshape(-1, 2, 2)
    boxes = crop.to_image(corners).reshape(-1, 4).astype(np.float32)
    keypoints = crop.to_image(detections.keypoints).astype(np.float32)
    return Detections(boxes, keypoints, detections.scores)
