"""Tracks of instances: where each is expected, and how it was last answered."""

import math
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.keypoint_similarity import diagonals
from posewire_server.inference.tracking.motion_model import MotionModel
from posewire_server.inference.tracking.one_euro import OneEuroFilter

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

# Time constants of an instance's size while it grows and while it shrinks.
_GROWING_S: Final = 0.1
_SHRINKING_S: Final = 2.0


@dataclass
class Tracks:
    """T tracks of K keypoints, all at the same time.

    Attributes:
        ids: (T,)
        new_s: (T,) time when each was first seen.
        seen_s: (T,) time when each was last seen.
        sizes: (T,) in pixels.
        scores: (T,) of the last pose.
        sides: (T,) of the last pose of hands; NaN for others.
        keypoints: (T, K, C) x, y in pixels and, if the model has it, depth, as last answered; NaN
            if never found.
        keypoint_scores: (T, K) when last found.
        keypoints_seen_s: (T, K) time when each was last found.
        motion: Where the keypoints are expected.
        smoother: None: keypoints are not smoothed.
    """

    ids: Ids
    new_s: Floats
    seen_s: Floats
    sizes: Floats
    scores: Floats
    sides: Floats
    keypoints: Floats
    keypoint_scores: Floats
    keypoints_seen_s: Floats
    motion: MotionModel
    smoother: OneEuroFilter | None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, index: npt.NDArray[np.bool_]) -> "Tracks":
        """Returns the tracks of a mask."""
        return replace(
            self,
            **{name: getattr(self, name)[index] for name in _ARRAYS},
            motion=self.motion.take(index),
            smoother=self.smoother.take(index) if self.smoother else None,
        )

    def join(self, other: "Tracks") -> "Tracks":
        """Returns the tracks of both."""
        smoother = self.smoother
        if smoother is not None and other.smoother is not None:
            smoother = smoother.join(other.smoother)
        return replace(
            self,
            **{n: np.concatenate([getattr(self, n), getattr(other, n)]) for n in _ARRAYS},
            motion=self.motion.join(other.motion),
            smoother=smoother,
        )

    def move(self, shift: Floats) -> None:
        """Moves all tracks by (2,) pixels."""
        self.motion.points += shift
        self.keypoints[:, :, :2] += shift

    def measure(self, found: Floats, seen: npt.NDArray[np.bool_], passed_s: float) -> None:
        """Updates the sizes of seen tracks (T,) by their keypoints (T, K, 2)."""
        measured = diagonals(found)
        grown, shrunk = (1 - math.exp(-passed_s / time_s) for time_s in (_GROWING_S, _SHRINKING_S))
        share = np.where(measured > self.sizes, grown, shrunk)
        self.sizes += seen * share * (measured - self.sizes)


_ARRAYS: Final = tuple(
    field.name for field in fields(Tracks) if field.name not in {"motion", "smoother"}
)
