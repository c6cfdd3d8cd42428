"""The instances that are followed: where each is expected, and how it was last answered."""

import math
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.motion import Motion
from posewire_server.inference.tracking.one_euro import OneEuro
from posewire_server.inference.tracking.spread import diagonals

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.int64]

# An instance that shows more of itself is taken to be larger in the first time, one that shows
# less to be smaller in the second.
_GROWING_S: Final = 0.1
_SHRINKING_S: Final = 2.0


@dataclass
class Tracks:
    """T instances of K keypoints, all at the same time.

    Attributes:
        ids: (T,) of the answers.
        system_ids: (T,) of the system that follows them itself; 0: none.
        new_s: (T,) when each was first seen.
        seen_s: (T,) when each was last seen.
        sizes: (T,) in pixels.
        scores: (T,) of each when it was last seen.
        sides: (T,) of hands, likewise; NaN of others.
        keypoints: (T, K, C) x, y in pixels and, where the model has it, depth, as last answered;
            NaN where never found.
        keypoint_scores: (T, K) when last found.
        keypoints_seen_s: (T, K) when each was last found.
        motion: Where the keypoints are expected.
        smoother: Smooths them; None: nothing does.
    """

    ids: Numbers
    system_ids: Numbers
    new_s: Floats
    seen_s: Floats
    sizes: Floats
    scores: Floats
    sides: Floats
    keypoints: Floats
    keypoint_scores: Floats
    keypoints_seen_s: Floats
    motion: Motion
    smoother: OneEuro | None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, index: npt.NDArray[np.bool_]) -> "Tracks":
        """Returns the instances of a mask."""
        return replace(
            self,
            **{name: getattr(self, name)[index] for name in _ARRAYS},
            motion=self.motion.take(index),
            smoother=self.smoother.take(index) if self.smoother else None,
        )

    def join(self, other: "Tracks") -> "Tracks":
        """Returns the instances of both."""
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
        """Moves all that is known of the picture by (2,) pixels."""
        self.motion.points += shift
        self.keypoints[:, :, :2] += shift

    def measure(self, found: Floats, seen: npt.NDArray[np.bool_], passed_s: float) -> None:
        """Follows the sizes of those seen, (T,), by their keypoints (T, K, 2)."""
        measured = diagonals(found)
        grown, shrunk = (1 - math.exp(-passed_s / time_s) for time_s in (_GROWING_S, _SHRINKING_S))
        share = np.where(measured > self.sizes, grown, shrunk)
        self.sizes += seen * share * (measured - self.sizes)


_ARRAYS: Final = tuple(
    field.name for field in fields(Tracks) if field.name not in {"motion", "smoother"}
)
