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
        depths: (P, K) float32: z in pixels of the frame, smaller is nearer; None: the model has
            none.
        sides: (P,) float32, for hands: the probability that it is a right one; None for others.
        ids: (P,) int64 that stay the same over the frames of a stream; None without tracking.
        interpolated: (P, K) bool: which keypoints were not found but are filled in where they were
            expected; None: none are.
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
        """(P, K) bool: which keypoints have a place: found, or filled in."""
        return ~np.isnan(self.keypoints[:, :, 0])

    @cached_property
    def boxes(self) -> npt.NDArray[np.float32]:
        """(P, 4) float32: x_min, y_min, x_max, y_max around found keypoints; NaN without any."""
        if len(self) == 0:
            return np.zeros((0, 4), np.float32)
        points, missing = self.keypoints[:, :, :2], ~self.found[:, :, None]
        low = np.min(points, 1, where=~missing, initial=np.inf)
        high = np.max(points, 1, where=~missing, initial=-np.inf)
        boxes = np.concatenate([low, high], axis=1)
        boxes[~self.found.any(1)] = np.nan
        return boxes

    def take(self, index: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice) -> "Poses":
        """Returns the poses chosen by a mask over P, by indices or by a slice."""
        return Poses(
            self.keypoints[index],
            self.scores[index],
            None if self.depths is None else self.depths[index],
            None if self.sides is None else self.sides[index],
            None if self.ids is None else self.ids[index],
            None if self.interpolated is None else self.interpolated[index],
        )
