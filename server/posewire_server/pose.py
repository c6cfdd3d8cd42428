"""Poses of one frame as plain arrays; this module knows no gRPC and no network."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Poses:
    """P poses over one skeleton of K keypoints, best score first.

    Attributes:
        keypoints: (P, K, 3) float32: x, y, score. x and y are pixels of the frame, origin at the
            top-left corner of the top-left pixel. A keypoint not found has x = y = NaN, score 0.
        scores: (P,) float32 in [0, 1].
    """

    keypoints: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def found(self) -> npt.NDArray[np.bool_]:
        """(P, K) bool: which keypoints were found."""
        return ~np.isnan(self.keypoints[:, :, 0])

    @cached_property
    def boxes(self) -> npt.NDArray[np.float32]:
        """(P, 4) float32: x_min, y_min, x_max, y_max around the found keypoints of each pose."""
        if len(self) == 0:
            return np.zeros((0, 4), np.float32)
        points = self.keypoints[:, :, :2]
        return np.concatenate([np.nanmin(points, 1), np.nanmax(points, 1)], axis=1)

    def take(self, index: npt.NDArray[np.bool_] | slice) -> "Poses":
        """Returns the poses chosen by a mask over P or by a slice."""
        return Poses(self.keypoints[index], self.scores[index])
