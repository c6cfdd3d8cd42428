"""Poses of one frame as plain arrays."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Poses:
    """P poses over one skeleton of K keypoints, best score first.

    Attributes:
        keypoints: (P, K, 3) float32: x, y, score. x and y are pixels of the frame, origin at the
            top-left corner of the top-left pixel. A missing keypoint has x = y = NaN and score 0.
        scores: (P,) float32 in [0, 1].
        depths: (P, K) float32: z in pixels of the frame; smaller is nearer. None: no depth.
        sides: (P,) float32: the probability that a hand is a right hand. None: not hands.
        ids: (P,) int64: the same id over the frames of a stream. None: no tracking.
        interpolated: (P, K) bool: the keypoints that were not found and are filled in at their
            expected position. None: no keypoint is.
    """

    keypoints: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    depths: npt.NDArray[np.float32] | None = None
    sides: npt.NDArray[np.float32] | None = None
    ids: npt.NDArray[np.int64] | None = None
    interpolated: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def found(self) -> npt.NDArray[np.bool_]:
        """(P, K) bool: the keypoints that have a position: found or filled in."""
        return ~np.isnan(self.keypoints[:, :, 0])

    @cached_property
    def boxes(self) -> npt.NDArray[np.float32]:
        """(P, 4) float32: x_min, y_min, x_max, y_max of the found keypoints. NaN: none is."""
        if len(self) == 0:
            return np.zeros((0, 4), np.float32)
        points, missing = self.keypoints[:, :, :2], ~self.found[:, :, None]
        low = np.min(points, 1, where=~missing, initial=np.inf)
        high = np.max(points, 1, where=~missing, initial=-np.inf)
        boxes = np.concatenate([low, high], axis=1)
        boxes[~self.found.any(1)] = np.nan
        return boxes

    def take(self, index: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice) -> "Poses":
        """Returns the poses that a mask over P, indices or a slice select."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return Poses(**{name: value[index] for name, value in values if value is not None})
