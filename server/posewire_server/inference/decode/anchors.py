"""Outputs of single-shot detectors to boxes: anchors, decoding, weighted suppression.

The scheme is that of SSD (Liu et al., 2016) as BlazeFace and BlazePalm use it (Bazarevsky et al.,
2019): anchors are points, a box and its keypoints are offsets from one, and boxes of one instance
are averaged by their scores; SSD keeps the best one instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from posewire_server.inference.decode.landmarks import sigmoid

Floats = npt.NDArray[np.float32]
F = TypeVar("F", np.float32, np.float64)


@dataclass(frozen=True, eq=False)
class Detections:
    """D boxes with K keypoints each, all in one frame of coordinates.

    Attributes:
        boxes: (D, 4) float32: x_min, y_min, x_max, y_max.
        keypoints: (D, K, 2) float32: x, y.
        scores: (D,) float32 in [0, 1].
    """

    boxes: Floats
    keypoints: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def sizes(self) -> Floats:
        """(D, 2) float32: widths and heights of the boxes."""
        return self.boxes[:, 2:] - self.boxes[:, :2]

    def take(self, index: npt.NDArray[np.integer] | npt.NDArray[np.bool_] | slice) -> "Detections":
        """Returns the detections chosen by indices, a mask over D or a slice."""
        return Detections(self.boxes[index], self.keypoints[index], self.scores[index])


def _join(parts: Sequence[Detections]) -> Detections:
    return Detections(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.keypoints for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )


@dataclass(frozen=True)
class AnchorSpec:
    """(stride, anchors in each cell) of a detector's layers, in the order of its outputs."""

    layers: tuple[tuple[int, int], ...]

    def centres(self, size_input: tuple[int, int]) -> Floats:
        """Returns (A, 2) x, y of the anchors as shares of an input of (w, h) pixels."""
        return np.concatenate([_grid(size_input, *layer) for layer in self.layers])


def _grid(size_input: tuple[int, int], stride: int, repeats: int) -> Floats:
    columns, rows = (-(-size // stride) for size in size_input)
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    cells = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) / (columns, rows)
    return np.repeat(cells, repeats, axis=0).astype(np.float32)


class AnchorDecode:
    """Decodes one detector's outputs; immutable, safe to share between threads.

    Args:
        size_input: (w, h) of the network's input.
    """

    def __init__(self, spec: AnchorSpec, size_input: tuple[int, int], min_score: float) -> None:
        self._centres = spec.centres(size_input)
        self._size = np.array(size_input, np.float32)
        self._min_logit = float(np.log(min_score / (1 - min_score)))

    def __call__(self, values: Floats, logits: Floats) -> Detections:
        """Returns detections in shares of the input, best first; one instance is found many times.

        Boxes that are not finite or have no area are left out.

        Args:
            values: (A, 4 + 2 K): x, y of the centre, width, height, then x, y of each keypoint; in
                pixels of the input, points from the anchor.
            logits: (A, 1): scores before the sigmoid.
        """
        logits = logits[:, 0]
        is_sound = np.isfinite(values).all(1) & (values[:, 2:4] > 0).all(1)
        kept = np.flatnonzero((logits >= self._min_logit) & is_sound)
        kept = kept[np.argsort(-logits[kept], kind="stable")]
        points = values[kept].reshape(len(kept), values.shape[1] // 2, 2) / self._size
        points[:, 0] += self._centres[kept]
        points[:, 2:] += self._centres[kept, None]
        half = points[:, 1] / 2
        boxes = np.concatenate([points[:, 0] - half, points[:, 0] + half], axis=1)
        return Detections(boxes, points[:, 2:], sigmoid(logits[kept]))


def merge(detections: Sequence[Detections], min_overlap: float) -> Detections:
    """Merges detections that overlap to their mean, weighted by their scores; best first.

    A merged detection has the score of its best one.

    Args:
        detections: One or more in the same coordinates; each may be empty.
        min_overlap: Intersection over union above which two boxes show the same instance.
    """
    left = _join(detections)
    left = left.take(np.argsort(-left.scores, kind="stable"))
    merged = [left.take(slice(0, 0))]
    while len(left):
        is_same = overlap(left.boxes[0], left.boxes) > min_overlap
        is_same[0] = True
        merged.append(_mean(left.take(is_same)))
        left = left.take(~is_same)
    return _join(merged)


def _mean(group: Detections) -> Detections:
    weights = group.scores / group.scores.sum()
    return Detections(
        np.einsum("d,dc->c", weights, group.boxes)[None],
        np.einsum("d,dkc->kc", weights, group.keypoints)[None],
        group.scores[:1],
    )


def overlap(first: npt.NDArray[F], second: npt.NDArray[F]) -> npt.NDArray[F]:
    """Returns the intersection over the union of boxes, 0 if either is empty.

    Both are (..., 4): x_min, y_min, x_max, y_max, and are broadcast. A box whose maximum is below
    its minimum is empty.
    """
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    common = _area(low, high)
    both = _area(first[..., :2], first[..., 2:]) + _area(second[..., :2], second[..., 2:]) - common
    return np.asarray(np.divide(common, both, out=np.zeros_like(common), where=both > 0))


def _area(low: npt.NDArray[F], high: npt.NDArray[F]) -> npt.NDArray[F]:
    sides = np.where(high > low, high - low, 0)
    return np.asarray(sides.prod(axis=-1), low.dtype)
