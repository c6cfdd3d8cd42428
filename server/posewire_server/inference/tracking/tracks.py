"""Tracks of instances: the expected and the last answered pose of each."""

import math
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.keypoint_similarity import diagonals
from posewire_server.inference.tracking.motion_model import MotionModel
from posewire_server.inference.tracking.one_euro import OneEuroFilter
from posewire_server.pose import Poses

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

# Time constants of an instance's size while it grows and while it shrinks.
_GROWING_S: Final = 0.1
_SHRINKING_S: Final = 2.0
# Tolerance for the rounding of a gap of exactly the longest length.
_ROUNDING_S: Final = 1e-6


@dataclass
class Tracks:
    """T tracks of K keypoints, all at the same time.

    Attributes:
        new_s: (T,) time when each was first seen.
        seen_s: (T,) time when each was last seen.
        sizes: (T,) in pixels.
        sides: (T,) of the last pose of hands; NaN for others.
        keypoints: (T, K, C) x, y in pixels and, if the model has it, depth, as last answered; NaN
            if never found.
        keypoint_scores: (T, K) when last found.
        keypoints_seen_s: (T, K) time when each was last found.
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

    def take(self, index: Mask) -> "Tracks":
        """Returns the tracks of a mask."""
        smoother = self.smoother and _take(self.smoother, index)
        return replace(_take(self, index), motion=_take(self.motion, index), smoother=smoother)

    def join(self, other: "Tracks") -> "Tracks":
        """Returns the tracks of both."""
        motion = _join(self.motion, other.motion)
        smoother = self.smoother and other.smoother and _join(self.smoother, other.smoother)
        return replace(_join(self, other), motion=motion, smoother=smoother)

    def move(self, shift: Floats) -> None:
        """Moves all tracks by (2,) pixels."""
        self.motion.points += shift
        self.keypoints[:, :, :2] += shift

    def measure(self, found: Floats, seen: Mask, passed_s: float) -> None:
        """Updates the sizes of seen tracks (T,) by their keypoints (T, K, 2)."""
        measured = diagonals(found)
        grown, shrunk = (1 - math.exp(-passed_s / time_s) for time_s in (_GROWING_S, _SHRINKING_S))
        share = np.where(measured > self.sizes, grown, shrunk)
        self.sizes += seen * share * (measured - self.sizes)

    def fill_gaps(
        self, now_s: float, fill_gap_s: float, size_image: tuple[int, int]
    ) -> tuple[Mask, Floats]:
        """Moves keypoints last found at most ``fill_gap_s`` ago to where they are expected.

        Those that are expected outside the picture (W, H) stay missing.

        Returns:
            (T, K) the filled keypoints; (T, K) the share that is left of each one's score: it falls
            to one half over the longest gap.
        """
        if not fill_gap_s:
            shape = self.keypoint_scores.shape
            return np.zeros(shape, np.bool_), np.ones(shape)
        points = self.motion.points
        gap_s = now_s - self.keypoints_seen_s
        is_inside = ((points >= 0) & (points <= size_image)).all(2)
        filled = is_inside & (gap_s > 0) & (gap_s <= fill_gap_s + _ROUNDING_S)
        self.keypoints[filled, :2] = points[filled]
        return filled, np.where(filled, 1 - gap_s / (2 * fill_gap_s), 1.0)

    def poses(self, rows: Indices, now_s: float, filled: Mask, left: Floats) -> Poses:
        """Returns the poses of rows (P,) in their order, with the result of ``fill_gaps``."""
        filled, left = filled[rows], left[rows]
        shown = filled | (self.keypoints_seen_s[rows] == now_s)
        values = np.where(shown[:, :, None], self.keypoints[rows], np.nan)
        scores = np.where(shown, self.keypoint_scores[rows] * left, 0.0)
        share = left.max(1, initial=0.0, where=shown)
        has_sides = not np.isnan(self.sides).all()
        return Poses(
            keypoints=np.concatenate([values[:, :, :2], scores[:, :, None]], 2, dtype=np.float32),
            scores=(self.scores[rows] * share).astype(np.float32),
            depths=values[:, :, 2].astype(np.float32) if values.shape[2] > 2 else None,
            sides=self.sides[rows].astype(np.float32) if has_sides else None,
            ids=self.ids[rows],
            interpolated=filled,
        )


State = TypeVar("State", Tracks, MotionModel, OneEuroFilter)


def _arrays(state: State) -> dict[str, Any]:
    return {name: value for name, value in vars(state).items() if isinstance(value, np.ndarray)}


def _take(state: State, index: Mask) -> State:
    return replace(state, **{name: array[index] for name, array in _arrays(state).items()})


def _join(first: State, second: State) -> State:
    others = _arrays(second)
    joined: dict[str, Any] = {
        n: np.concatenate([array, others[n]]) for n, array in _arrays(first).items()
    }
    return replace(first, **joined)
