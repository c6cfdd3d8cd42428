"""Synthetic people who walk, with known truth: what a network would find of them, frame by frame.

They are ``OPENPOSE18``, swing arms and legs, hide one another and go behind pillars and out of the
picture. What is found of them has noise, lacks keypoints, persons and frames, and has more than
there is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from posewire_server.pose import Poses
from posewire_server.skeletons import OPENPOSE18

Floats = npt.NDArray[np.float64]

SIZE: Final = (1280, 720)
_KEYPOINTS: Final = len(OPENPOSE18.keypoints)
# A person of height 1 whose feet are at the origin, seen from the front.
_STANDING: Final = np.array(
    [
        *((0.0, -0.93), (0.0, -0.82), (-0.12, -0.81), (-0.15, -0.64), (-0.16, -0.49)),
        *((0.12, -0.81), (0.15, -0.64), (0.16, -0.49), (-0.08, -0.5), (-0.08, -0.26)),
        *((-0.08, -0.03), (0.08, -0.5), (0.08, -0.26), (0.08, -0.03), (-0.03, -0.96)),
        *((0.03, -0.96), (-0.06, -0.94), (0.06, -0.94)),
    ]
)
# How far each keypoint swings in walking, in heights: arms and legs of one side opposite.
_SWING: Final = np.zeros(_KEYPOINTS)
_SWING[[3, 4, 6, 7, 9, 10, 12, 13]] = 0.04, 0.09, -0.04, -0.09, -0.06, -0.15, 0.06, 0.15
_STEPS_HZ: Final = 0.9
# A person is found where at least so many keypoints are visible.
_LEAST_VISIBLE: Final = 6


@dataclass(frozen=True)
class Walker:
    """Somebody who walks straight on.

    Attributes:
        start: x, y of the feet at time 0, in pixels.
        velocity: In pixels a second.
        height: In pixels; larger is nearer and hides others.
        phase: Of the steps, in turns.
        turns_s: When the direction is reversed.
    """

    start: tuple[float, float]
    velocity: tuple[float, float]
    height: float
    phase: float = 0.0
    turns_s: tuple[float, ...] = ()

    def points(self, time_s: float) -> Floats:
        """Returns (K, 2) where the keypoints are."""
        walked_s, since_s, way = 0.0, 0.0, 1.0
        for turn_s in (*self.turns_s, np.inf):
            end_s = min(time_s, turn_s)
            walked_s, since_s = walked_s + way * (end_s - since_s), end_s
            if time_s <= turn_s:
                break
            way = -way
        points = _STANDING * self.height
        # From the side the body is narrow; from where it walks slowly it is seen from the front.
        speed = float(np.hypot(*self.velocity)) / self.height
        points[:, 0] *= 1 - 0.6 * min(1.0, speed)
        turn = 2 * np.pi * (_STEPS_HZ * time_s + self.phase)
        points[:, 0] += np.sin(turn) * _SWING * self.height * min(1.0, speed) * way
        return np.asarray(points + self.start + walked_s * np.array(self.velocity))


@dataclass(frozen=True)
class Faults:
    """What is wrong with what is found, as shares but for the noise.

    Attributes:
        noise: Standard deviation of a keypoint, in heights.
        keypoints: Visible keypoints that are not found.
        persons: Visible persons that are not found.
        extra: Frames in which somebody is found who is not there.
        swapped: Persons whose left and right are changed.
        frames: Frames that are dropped.
    """

    noise: float = 0.008
    keypoints: float = 0.05
    persons: float = 0.03
    extra: float = 0.02
    swapped: float = 0.02
    frames: float = 0.0


@dataclass(frozen=True, eq=False)
class WalkFrame:
    """One frame.

    Attributes:
        time_s: When it is.
        ids: (N,) who is visible.
        points: (N, K, 2) where their keypoints are; NaN where hidden.
        poses: What is found of them.
    """

    time_s: float
    ids: tuple[int, ...]
    points: Floats
    poses: Poses


@dataclass(frozen=True)
class Walk:
    """A scene.

    Attributes:
        walkers: Who walks.
        pillars: (x_min, x_max) of what hides all who are behind it.
        seconds: How long.
        fps: Frames in a second.
        faults: What is wrong with what is found.
        max_gap_s: Who is out of sight for longer is somebody else.
    """

    walkers: Sequence[Walker]
    pillars: Sequence[tuple[float, float]] = ()
    seconds: float = 6.0
    fps: float = 30.0
    faults: Faults = Faults()
    max_gap_s: float = 1.0

    def frames(self, seed: int) -> Iterator[WalkFrame]:
        """Yields the frames; the same seed gives the same."""
        rng = np.random.default_rng(seed)
        heights = np.array([walker.height for walker in self.walkers])
        ids, seen_s = list(range(len(self.walkers))), [-np.inf] * len(self.walkers)
        for number in range(round(self.seconds * self.fps)):
            time_s = number / self.fps
            points = self._visible(time_s)
            there = (~np.isnan(points[:, :, 0])).sum(1) >= _LEAST_VISIBLE
            for who in np.flatnonzero(there):
                if time_s - seen_s[who] > self.max_gap_s and seen_s[who] >= 0:
                    ids[who] += len(self.walkers)
                seen_s[who] = time_s
            is_dropped = rng.random() < self.faults.frames
            poses = self._find(points[there], heights[there], rng)
            if not is_dropped:
                who_ids = tuple(ids[who] for who in np.flatnonzero(there))
                yield WalkFrame(time_s, who_ids, points[there], poses)

    def _visible(self, time_s: float) -> Floats:
        """Returns (N, K, 2) keypoints, NaN where hidden."""
        points = np.stack([walker.points(time_s) for walker in self.walkers])
        hidden = np.asarray(((points < 0) | (points > SIZE)).any(2))
        for x_min, x_max in self.pillars:
            hidden |= (points[:, :, 0] > x_min) & (points[:, :, 0] < x_max)
        for front, walker in enumerate(self.walkers):
            behind = np.array([other.height < walker.height for other in self.walkers])
            body = points[front, [2, 5, 8, 11, 9, 12]]
            low, high = body.min(0) - 0.03 * walker.height, body.max(0) + 0.03 * walker.height
            low[1] = points[front, 0, 1]
            covered = ((points > low) & (points < high)).all(2)
            hidden |= covered & behind[:, None]
        return np.where(hidden[:, :, None], np.nan, points)

    def _find(self, points: Floats, heights: Floats, rng: np.random.Generator) -> Poses:
        faults, count = self.faults, len(points)
        found = points + rng.normal(0, faults.noise, points.shape) * heights[:, None, None]
        found[rng.random(found.shape[:2]) < faults.keypoints] = np.nan
        for pose in np.flatnonzero(rng.random(count) < faults.swapped):
            pairs = np.array(OPENPOSE18.symmetric_pairs)
            found[pose, pairs] = found[pose, pairs[:, ::-1]]
        kept = found[rng.random(count) >= faults.persons]
        if rng.random() < faults.extra:
            ghost = _STANDING * rng.uniform(80, 300) + rng.uniform((0, 300), SIZE)
            kept = np.concatenate([kept, ghost[None]])
        order = rng.permutation(len(kept))
        kept = kept[order].astype(np.float32)
        scores = np.where(np.isnan(kept[:, :, :1]), 0, 0.8).astype(np.float32)
        return Poses(np.concatenate([kept, scores], 2), np.full(len(kept), 0.8, np.float32))
