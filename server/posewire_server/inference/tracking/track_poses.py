"""Tracks to the poses of an answer, with short gaps filled in."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from posewire_server.inference.tracking.tracks import Tracks
from posewire_server.pose import Poses

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

# Tolerance for the rounding of a gap of exactly the longest length.
_ROUNDING_S = 1e-6


def fill_gaps(
    tracks: Tracks, now_s: float, fill_gap_s: float, size_image: tuple[int, int]
) -> tuple[Mask, Floats]:
    """Puts keypoints that were not found where they are expected.

    These are the keypoints that were last found before now but at most ``fill_gap_s`` ago, and
    that are expected inside the picture.

    Args:
        tracks: T tracks of K keypoints.
        now_s: Time of the frame.
        fill_gap_s: The longest gap; 0: nothing is filled in.
        size_image: (W, H) of the frame.

    Returns:
        (T, K) the filled keypoints; (T, K) the share that is left of each one's score: it falls to
        one half over the longest gap.
    """
    if not fill_gap_s:
        shape = tracks.keypoint_scores.shape
        return np.zeros(shape, np.bool_), np.ones(shape)
    points = tracks.motion.points
    gap_s = now_s - tracks.keypoints_seen_s
    is_inside = ((points >= 0) & (points <= size_image)).all(2)
    filled = is_inside & (gap_s > 0) & (gap_s <= fill_gap_s + _ROUNDING_S)
    tracks.keypoints[filled, :2] = points[filled]
    return filled, np.where(filled, 1 - gap_s / (2 * fill_gap_s), 1.0)


def poses_of(tracks: Tracks, rows: Indices, now_s: float, filled: Mask, left: Floats) -> Poses:
    """Returns the poses of some tracks.

    Args:
        tracks: T tracks of K keypoints.
        rows: (P,) their rows, in the order of the answer.
        now_s: Time of the frame.
        filled: (T, K) from ``fill_gaps``.
        left: (T, K) from ``fill_gaps``.
    """
    filled, left = filled[rows], left[rows]
    shown = filled | (tracks.keypoints_seen_s[rows] == now_s)
    values = np.where(shown[:, :, None], tracks.keypoints[rows], np.nan)
    scores = np.where(shown, tracks.keypoint_scores[rows] * left, 0.0)
    share = left.max(1, initial=0.0, where=shown)
    has_sides = not np.isnan(tracks.sides).all()
    return Poses(
        keypoints=np.concatenate([values[:, :, :2], scores[:, :, None]], 2, dtype=np.float32),
        scores=(tracks.scores[rows] * share).astype(np.float32),
        depths=values[:, :, 2].astype(np.float32) if values.shape[2] > 2 else None,
        sides=tracks.sides[rows].astype(np.float32) if has_sides else None,
        ids=tracks.ids[rows],
        interpolated=filled,
    )


def replace_seen(poses: Poses, seen: Mask, tracked: Poses) -> Poses:
    """Returns poses with the rows of a mask (P,) replaced by tracked ones; others have id 0."""
    assert tracked.ids is not None, "tracked poses have ids"
    keypoints, depths, ids = poses.keypoints.copy(), poses.depths, np.zeros(len(poses), np.int64)
    interpolated = np.zeros(poses.found.shape, np.bool_)
    keypoints[seen], ids[seen] = tracked.keypoints, tracked.ids
    if tracked.interpolated is not None:
        interpolated[seen] = tracked.interpolated
    if depths is not None:
        depths = depths.copy()
        depths[seen] = tracked.depths
    return replace(poses, keypoints=keypoints, depths=depths, ids=ids, interpolated=interpolated)
